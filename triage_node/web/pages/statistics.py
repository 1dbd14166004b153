"""What the department asks: how many, how fast, how often, and whether readers agree."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.identity import Role
from triage_node.reasons import SENTENCES
from triage_node.statistics import PeriodNumbers, Step
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import require
from triage_node.web.views import statistics_plots as plots
from triage_node.web.views.filters import Day
from triage_node.web.views.navigation import Entry
from triage_node.web.views.statistics_period import all_numbers, period, presets
from triage_node.web.views.statistics_tables import BY_NAME, COUNTS, STAGES

router = APIRouter(include_in_schema=False)
NAVIGATION = Entry("Statistics", "/statistics", Role.READER, place=20)

DRIFT_JOB = "drift"
"""As `node_jobs` calls it."""

TheServices = Annotated[Services, Depends(the_services)]
From = Annotated[Day, Query(alias="from")]
To = Annotated[Day, Query(alias="to")]
Stage = Literal["receiving", "queue", "read", "infer", "report", "delivery", "acknowledgement", "total"]
TableName = Literal["turnaround", "reasons", "queues", "scores", "scanners", "agreement"]


@router.get("/statistics", dependencies=[Depends(require(Role.READER))])
def statistics_page(
    request: Request, services: TheServices, from_day: From = None, to_day: To = None, stage: Stage = "total"
) -> Response:
    """Show numbers of a period, the last 30 days by default."""
    first, last = period(from_day, to_day)
    step = Step.of(first, last)
    numbers = all_numbers(services.worklist, first, last, step, ("total",) if stage == "total" else ("total", stage))
    context = {
        "step": step,
        "presets": presets(date.today()),
        "first": first,
        "last": last,
        "stage": stage,
        "stats": numbers.statistics,
        "open_now": numbers.now.open,
        "day_plots": plots.step_plots(numbers.statistics.numbers.days, stage, step),
        "queues": plots.queues(numbers.queues),
        "scores": plots.score_drift(numbers.statistics.drift.scores),
        "stages": STAGES,
        "stage_choices": [(name, plots.STAGE_WORDS[name]) for name in reversed(STAGES)],
        "stage_words": plots.STAGE_WORDS,
        "counts": COUNTS,
        "sentences": {str(code): sentence for code, sentence in SENTENCES.items()},
        "reasons": by_reason(numbers.statistics.numbers),
        "drift_alert": _drift_alert(services),
    }
    return services.templates.page(request, "statistics.html", context)


@router.get("/statistics.csv", dependencies=[Depends(require(Role.READER))])
def days_csv(services: TheServices, from_day: From = None, to_day: To = None) -> StreamingResponse:
    """Return each day's numbers as CSV."""
    return _csv(services, "days", from_day, to_day)


@router.get("/statistics/{table}.csv", dependencies=[Depends(require(Role.READER))])
def table_csv(services: TheServices, table: TableName, from_day: From = None, to_day: To = None) -> StreamingResponse:
    """Return another table of the page as CSV."""
    return _csv(services, table, from_day, to_day)


def _csv(services: Services, name: str, from_day: Day, to_day: Day) -> StreamingResponse:
    first, last = period(from_day, to_day)
    table = BY_NAME[name]
    file_name = f"triage-node-{first}-{last}" if name == "days" else f"triage-node-{name}-{first}-{last}"
    return csv_file(file_name, table.heads, table.rows(all_numbers(services.worklist, first, last)))


def _drift_alert(services: Services) -> str:
    """Return what the daily look at drift found, if that wants a look."""
    jobs = services.machinery.jobs() if services.machinery is not None else ()
    return next((job.outcome for job in jobs if job.name == DRIFT_JOB and job.wants_look), "")


def by_reason(numbers: PeriodNumbers) -> list[tuple[str, str, int]]:
    """Return state, code and number of each reason, failures first."""
    by_state = (("failed", numbers.failed_by_reason), ("unsuitable", numbers.unsuitable_by_reason))
    return [(state, code, number) for state, by_reason in by_state for code, number in by_reason.items()]
