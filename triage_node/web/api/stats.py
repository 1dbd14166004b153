"""Numbers of the department as JSON, from the daily roll-ups: no patient data."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from triage_node.web.access import require
from triage_node.web.parts import Parts, parts_of
from triage_node.worklist import Role

router = APIRouter(tags=["statistics"])

USUAL_DAYS = 30
FIRST_DAY = date(1970, 1, 1)


@router.get(
    "/api/stats",
    summary="Throughput, turnaround, answers and agreement with readers",
    dependencies=[Depends(require(Role.READER, Role.SERVICE))],
)
def stats(
    parts: Annotated[Parts, Depends(parts_of)],
    from_day: Annotated[
        date | None, Query(alias="from", description="first local day; 29 days before the last by default")
    ] = None,
    to_day: Annotated[date | None, Query(alias="to", description="last local day; today by default")] = None,
) -> dict[str, Any]:
    """Return sums and each day's numbers, seconds by stage, reasons, `agreement` with readers and what is open `now`.

    A study counts on the day it arrived, with its latest outcome; a delivery on the day it was made. Ratios come with
    their Wilson 95 % interval.
    """
    first, last = period(from_day, to_day)
    numbers = parts.worklist.statistics.statistics(first, last)
    agreement = parts.worklist.statistics.agreement(first, last)
    return numbers | {"agreement": agreement, "now": parts.worklist.queries.counts()}


def period(from_day: date | None, to_day: date | None) -> tuple[date, date]:
    """Return the days that are asked for, the last 30 by default."""
    last = to_day or date.today()
    earliest = max(FIRST_DAY.toordinal(), last.toordinal() - USUAL_DAYS + 1)
    return from_day or date.fromordinal(earliest), last
