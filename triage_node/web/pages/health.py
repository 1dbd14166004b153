"""For load balancers and service managers: is the process there, and can it work? No patient data, no sign-in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from triage_node.web.dependencies import Services, the_services

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live(services: Annotated[Services, Depends(the_services)]) -> JSONResponse:
    """Answer as long as the process does; 503 when a thread has ended that the node cannot do without.

    Then only a new start helps. It says nothing of database, disk, model or destinations: those come back.
    """
    # `async`, so that it needs no thread, which may be what is wanting.
    is_alive = services.is_alive()
    return JSONResponse({"status": "live" if is_alive else "not live"}, 200 if is_alive else 503)


@router.get("/health/ready")
def ready(services: Annotated[Services, Depends(the_services)]) -> JSONResponse:
    """Say what the node needs and whether it is there; 503 when something is not.

    `warnings` names what the node can do without for a while and somebody should look at; `/api/system` says more.
    """
    facts = services.ready()
    needed = [fact for fact in facts if fact.is_needed]
    is_ready = all(fact.ok for fact in needed)
    body = {
        "status": "ready" if is_ready else "not ready",
        "facts": [{"name": fact.name, "ok": fact.ok} for fact in needed],
        "warnings": [fact.name for fact in facts if not fact.is_needed and not fact.ok],
    }
    return JSONResponse(body, 200 if is_ready else 503)
