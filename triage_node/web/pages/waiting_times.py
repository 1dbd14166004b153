"""What the reading order does to waiting times: the arrivals of some days replayed in order of arrival and ranked."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.statistics import Arrival, Comparison, Reading, compare, seconds_at_load, synthetic_arrivals
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.web.views.filters import Day
from triage_node.web.views.navigation import Entry
from triage_node.web.views.statistics_period import period

router = APIRouter(include_in_schema=False)
NAVIGATION = Entry("Waiting times", "/waiting-times", Role.READER, place=30)

FEWEST_STUDIES = 50
MOST_STUDIES = 5000
SEED = 1
USUAL_LOAD = 0.9
"""The share of the readers' time that studies take where nobody says how long a reading lasts."""
LONGEST_USUAL_MINUTES = 120.0
OVERLOADED = 1.0
MADE_UP = {"days": 30, "per_day": 60.0, "flagged_rate": 0.12, "uncertain_rate": 0.08, "analysis_seconds": 90.0}
GROUPS = {"flagged": "flagged", "uncertain": "uncertain", "rest": "not flagged", "all": "all studies"}
ORDERS = {"fifo": "by arrival", "ranked": "in the reading order"}


@router.get("/waiting-times", dependencies=[Depends(require(Role.READER))])
def waiting_times_page(
    request: Request,
    services: Annotated[Services, Depends(the_services)],
    from_day: Annotated[Day, Query(alias="from")] = None,
    to_day: Annotated[Day, Query(alias="to")] = None,
    readers: Annotated[int, Query(ge=1, le=100)] = 1,
    minutes: Annotated[float | None, Query(ge=0.5, le=240)] = None,
) -> Response:
    """Replay the node's own arrivals, or made-up ones while it has few."""
    first, last = period(from_day, to_day)
    arrivals, is_made_up = _arrivals(services, first, last)
    is_usual = minutes is None
    if minutes is None:
        minutes = _usual_minutes(arrivals, readers)
    reading = Reading(readers, minutes * 60, maximum_wait_seconds=services.settings.maximum_wait_minutes * 60)
    waits = compare(arrivals, reading, SEED)
    context = {
        "first": first, "last": last, "readers": readers, "minutes": minutes, "waits": waits, "groups": GROUPS,
        "orders": ORDERS, "is_made_up": is_made_up, "fewest": FEWEST_STUDIES, "most": MOST_STUDIES, "made_up": MADE_UP,
        "longest": max([1.0, *_numbers(waits)]), "maximum_wait": reading.maximum_wait_seconds,
        "is_usual": is_usual, "is_overloaded": waits.load >= OVERLOADED,
    }  # fmt: skip
    return services.templates.page(request, "waiting_times.html", context)


def _arrivals(services: Services, first: date, last: date) -> tuple[Sequence[Arrival], bool]:
    found = services.worklist.study_lists.arrivals(first, last, MOST_STUDIES)
    if len(found) >= FEWEST_STUDIES:
        return found, False
    return synthetic_arrivals(**MADE_UP, seed=SEED), True  # type: ignore[arg-type]


def _usual_minutes(arrivals: Sequence[Arrival], readers: int) -> float:
    """Return how long a reading lasts, with what lies between readings, for readers who are busy and keep up."""
    minutes = seconds_at_load(arrivals, readers, USUAL_LOAD) / 60
    return min(max(round(minutes), 1.0), LONGEST_USUAL_MINUTES)


def _numbers(waits: Comparison) -> list[float]:
    """Return the 95th percentiles that are known; the longest one is the length of the longest bar."""
    found = (by_group[group].p95 for by_group in (waits.fifo, waits.ranked) for group in GROUPS)
    return [p95 for p95 in found if p95 is not None]
