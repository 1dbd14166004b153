"""How the node is now, as JSON, for monitoring."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.web.views.answers import Typed
from triage_node.web.views.system import SystemState

router = APIRouter(tags=["system"])

SYSTEM = Typed(SystemState, "how the node is")


@router.get(
    "/api/system",
    summary="Facts, disk, intake, worker, processes, upkeep, queues and destinations",
    responses=SYSTEM.responses,
    dependencies=[Depends(require(Role.ADMINISTRATOR, Role.SERVICE, Role.MONITORING))],
)
def system(services: Annotated[Services, Depends(the_services)]) -> Response:
    """Return how the node is now; times are seconds since 1970 (UTC).

    `problems` says in a sentence each what a person should look at. `disk.state` is ok, low (less than `warn_bytes` are
    free) or full (less than `reserve_bytes`: nothing is accepted, until a quarter more is free). A destination is not
    `ok` while reports for it are dead or were not taken at the last try; it `answers` or not `since` a time. A fact
    that is not `is_needed` is a warning: the node is `ready` all the same. `intake.backlog` counts acknowledged
    instances that have no row yet. `upkeep` lists the jobs: each `does` what a sentence says, at an interval or
    `daily_at` a time; one that `wants_look` found what a person should see to. `processes` lists those that work on the
    database, where it is on a server: their roles, the `duties` that one of them has at a time, how many studies and
    deliveries each has in hand, and when it was last seen; one that was killed is listed for an hour, not `alive`.
    """
    return SYSTEM(services.system_state())
