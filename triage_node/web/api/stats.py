"""Numbers of the department as JSON, from the daily roll-ups: no patient data."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.worklist import Worklist

router = APIRouter(tags=["statistics"])

USUAL_DAYS = 30
REFERENCE_DAYS = 90
"""Scores and scanners are held against those of so many days before."""
FIRST_DAY = date(1970, 1, 1)


@router.get(
    "/api/stats",
    summary="Throughput, turnaround, queues, answers, drift and agreement with readers",
    dependencies=[Depends(require(Role.READER, Role.SERVICE))],
)
def stats(
    services: Annotated[Services, Depends(the_services)],
    from_day: Annotated[
        date | None, Query(alias="from", description="first local day; 29 days before the last by default")
    ] = None,
    to_day: Annotated[date | None, Query(alias="to", description="last local day; today by default")] = None,
) -> dict[str, Any]:
    """Return sums and each day's numbers, seconds by stage, reasons, `agreement` with readers and what is open `now`.

    A study counts on the day it arrived, with its latest outcome; a delivery on the day it was made. Ratios come with
    their Wilson 95 % interval. `queues` holds the longest queues of each hour, of a period longer than a month of each
    day: studies whose images are coming, studies waiting, reports on their way; null where the node did not run.
    `drift` holds scores and scanners against the 90 days before, with the population stability index `psi` and how
    much of it chance alone would give; `level` is stable, moderate, large or too_few.
    """
    first, last = period(from_day, to_day)
    return all_numbers(services.worklist, first, last)


def period(from_day: date | None, to_day: date | None) -> tuple[date, date]:
    """Return the days that are asked for, the last 30 by default."""
    last = to_day or date.today()
    return from_day or _before(last, USUAL_DAYS - 1), last


def all_numbers(worklist: Worklist, first: date, last: date) -> dict[str, Any]:
    """Return everything that is told of some days."""
    end = _before(first, 1)
    numbers = worklist.statistics.everything(first, last, _before(end, REFERENCE_DAYS - 1), end)
    return numbers | {
        "queues": worklist.queue_history.history(first, last),
        "now": worklist.study_lists.counts(),
    }


def _before(day: date, days: int) -> date:
    """Return an earlier day, `FIRST_DAY` at the earliest: the calendar ends in the year 1."""
    return date.fromordinal(max(FIRST_DAY.toordinal(), day.toordinal() - days))
