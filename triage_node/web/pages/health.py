"""For load balancers and service managers: is the process there, and can it work? No patient data, no sign-in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from triage_node.web.parts import Parts, the_parts

router = APIRouter(tags=["health"])


@router.get("/health/live")
def live() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "live"}


@router.get("/health/ready")
def ready(parts: Annotated[Parts, Depends(the_parts)]) -> JSONResponse:
    """Say what the node needs and whether it is there; 503 when something is not."""
    facts = parts.ready()
    is_ready = all(fact.ok for fact in facts)
    body = {
        "status": "ready" if is_ready else "not ready",
        "facts": [{"name": fact.name, "ok": fact.ok} for fact in facts],
    }
    return JSONResponse(body, 200 if is_ready else 503)
