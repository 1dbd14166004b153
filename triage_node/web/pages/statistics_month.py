"""The month on paper: what the head of the department asks for, beside the month before."""

import re
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from triage_node.database import checked_day
from triage_node.errors import InvalidInput
from triage_node.identity import Role
from triage_node.reasons import SENTENCES
from triage_node.web.dependencies import Services, the_services
from triage_node.web.pages.statistics import by_reason
from triage_node.web.security.authorization import require
from triage_node.web.views.statistics_period import all_numbers
from triage_node.web.views.statistics_plots import STAGE_WORDS

router = APIRouter(include_in_schema=False)

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
STAGES = ("total", "queue", "infer", "delivery", "acknowledgement")
ROWS = (
    ("arrived", "arrivals"),
    ("analyzed", "analyzed"),
    ("flagged", "flagged"),
    ("uncertain", "uncertain"),
    ("not flagged", "not_flagged"),
    ("unsuitable", "unsuitable"),
    ("failed", "failed"),
    ("reports delivered", "delivered"),
)


@router.get("/statistics/month", dependencies=[Depends(require(Role.READER))])
def month_page(
    request: Request,
    services: Annotated[Services, Depends(the_services)],
    month: Annotated[str, Query(max_length=7, description="YYYY-MM")] = "",
) -> Response:
    """Show a month, the last whole one by default."""
    first = _first_day(month) if month else _before(date.today().replace(day=1))
    last, before = _after(first) - timedelta(days=1), _before(first)
    numbers = all_numbers(services.worklist, first, last).statistics
    earlier = services.worklist.statistics.statistics(before, first - timedelta(days=1))
    context = {
        "first": first,
        "last": last,
        "before": before,
        "after": _after(first) if _after(first) <= date.today() else None,
        "is_whole": last < date.today(),
        "at": services.worklist.audit_trail.clock(),
        "stats": numbers,
        "earlier": earlier,
        "rows": ROWS,
        "stages": STAGES,
        "stage_words": STAGE_WORDS,
        "reasons": by_reason(numbers.numbers),
        "sentences": {str(code): sentence for code, sentence in SENTENCES.items()},
    }
    return services.templates.page(request, "statistics_month.html", context)


def _first_day(month: str) -> date:
    found = MONTH.fullmatch(month)
    if found is None:
        raise InvalidInput("A month is written as YYYY-MM.")
    return checked_day(date(int(found[1]) or 1, int(found[2]), 1))


def _before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
