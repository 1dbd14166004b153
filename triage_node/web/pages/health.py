"""For load balancers and service managers: is the process there, and can it work? No patient data, no sign-in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from triage_node.web.dependencies import Services, the_services
from triage_node.web.views.answers import Typed

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True)
class Life:
    """Whether the process does what it is there for: live, or not live."""

    status: str


@dataclass(frozen=True, slots=True)
class NeededFact:
    """Something that the node needs, and whether it is there."""

    name: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the node can work: ready, or not ready; ``warnings`` names what it can do without for a while."""

    status: str
    facts: Sequence[NeededFact]
    warnings: Sequence[str]


LIFE = Typed(Life, "the process lives")
READINESS = Typed(Readiness, "the node can work")


@router.get(
    "/health/live",
    summary="Whether the process lives",
    responses=LIFE.responses | {503: {"model": LIFE.model, "description": "only a new start helps"}},
)
async def live(services: Annotated[Services, Depends(the_services)]) -> Response:
    """Answer as long as the process does; 503 when a thread has ended that the node cannot do without.

    Then only a new start helps. It says nothing of database, disk, model or destinations: those come back.
    """
    # `async`, so that it needs no thread, which may be what is wanting.
    is_alive = services.is_alive()
    return LIFE(Life("live" if is_alive else "not live"), 200 if is_alive else 503)


@router.get(
    "/health/ready",
    summary="Whether the node can work",
    responses=READINESS.responses | {503: {"model": READINESS.model, "description": "something is not there"}},
)
def ready(services: Annotated[Services, Depends(the_services)]) -> Response:
    """Say what the node needs and whether it is there; 503 when something is not.

    `warnings` names what the node can do without for a while and somebody should look at; `/api/system` says more.
    """
    facts = services.ready()
    needed = [fact for fact in facts if fact.is_needed]
    is_ready = all(fact.ok for fact in needed)
    readiness = Readiness(
        status="ready" if is_ready else "not ready",
        facts=[NeededFact(fact.name, fact.ok) for fact in needed],
        warnings=[fact.name for fact in facts if not fact.is_needed and not fact.ok],
    )
    return READINESS(readiness, 200 if is_ready else 503)
