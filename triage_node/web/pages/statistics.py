"""What the department asks: how many, how fast, how often, and whether readers agree."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.reasons import SENTENCES
from triage_node.web.access import require
from triage_node.web.api.stats import period
from triage_node.web.filters import Day
from triage_node.web.navigation import Entry
from triage_node.web.parts import Parts, parts_of
from triage_node.worklist import Role

router = APIRouter(include_in_schema=False)
NAVIGATION = Entry("Statistics", "/statistics", Role.READER, place=20)

TheParts = Annotated[Parts, Depends(parts_of)]
From = Annotated[Day, Query(alias="from")]
To = Annotated[Day, Query(alias="to")]

COUNTS = ("arrivals", "analyzed", "flagged", "uncertain", "not_flagged", "unsuitable", "failed", "delivered")
STAGES = ("receiving", "queue", "read", "infer", "report", "delivery", "total")


@router.get("/statistics", dependencies=[Depends(require(Role.READER))])
def statistics_page(request: Request, parts: TheParts, from_day: From = None, to_day: To = None) -> Response:
    """Show numbers of a period, the last 30 days by default."""
    first, last = period(from_day, to_day)
    statistics = parts.worklist.statistics
    context = {
        "first": first,
        "last": last,
        "stats": statistics.statistics(first, last),
        "agreement": statistics.agreement(first, last),
        "now": parts.worklist.queries.counts(),
        "stages": STAGES,
        "counts": COUNTS,
        "sentences": {str(code): sentence for code, sentence in SENTENCES.items()},
    }
    return parts.templates.page(request, "statistics.html", context)


@router.get("/statistics.csv", dependencies=[Depends(require(Role.READER))])
def statistics_csv(parts: TheParts, from_day: From = None, to_day: To = None) -> StreamingResponse:
    """Return each day's numbers as CSV."""
    first, last = period(from_day, to_day)
    days = parts.worklist.statistics.statistics(first, last)["days"]
    headers = {"Content-Disposition": f'attachment; filename="triage-node-{first}-{last}.csv"'}
    return StreamingResponse(_csv(days), media_type="text/csv", headers=headers)


def _csv(days: list[dict[str, Any]]) -> Iterator[str]:
    yield _line("day", *COUNTS, *(f"{stage}_{part}_seconds" for stage in STAGES for part in ("p50", "p95")))
    for day in days:
        turnaround = [day["turnaround_seconds"].get(stage, {}) for stage in STAGES]
        yield _line(
            date.fromisoformat(day["day"]),
            *(day[name] for name in COUNTS),
            *(stage.get(part) for stage in turnaround for part in ("p50", "p95")),
        )


def _line(*values: object) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(["" if value is None else value for value in values])
    return text.getvalue()
