"""Numbers of the department as JSON, from the daily roll-ups: no patient data."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.statistics import Step
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.web.views.answers import Typed
from triage_node.web.views.statistics_period import Numbers, all_numbers, period

router = APIRouter(tags=["statistics"])

NUMBERS = Typed(Numbers, "the numbers of the days", "Statistics")


@router.get(
    "/api/stats",
    summary="Throughput, turnaround, queues, answers, drift and agreement with readers",
    responses=NUMBERS.responses,
    dependencies=[Depends(require(Role.READER, Role.SERVICE))],
)
def stats(
    services: Annotated[Services, Depends(the_services)],
    from_day: Annotated[
        date | None, Query(alias="from", description="first local day; 29 days before the last by default")
    ] = None,
    to_day: Annotated[date | None, Query(alias="to", description="last local day; today by default")] = None,
    step: Annotated[
        Step, Query(description="what an element of `days` is; its `day` is the first day of it")
    ] = Step.DAY,
) -> Response:
    """Return sums and each day's numbers, seconds by stage, reasons, `agreement` with readers and what is open `now`.

    A study counts on the day it arrived, with its latest outcome; a delivery on the day it was made. Ratios come with
    their Wilson 95 % interval. `queues` holds the longest queues of each hour, of a period longer than a month of each
    day: studies whose images are coming, studies waiting, reports on their way; null where the node did not run.
    `drift` holds scores and scanners against the 90 days before, with the population stability index `psi` and how
    much of it chance alone would give; `level` is stable, moderate, large or too_few.
    """
    first, last = period(from_day, to_day)
    return NUMBERS(all_numbers(services.worklist, first, last, step))
