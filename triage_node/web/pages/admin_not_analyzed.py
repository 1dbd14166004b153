"""The studies that got no answer, and why."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.identity import Role
from triage_node.reasons import SENTENCES, ReasonCode
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import audited
from triage_node.web.views.filters import Cursor, Day
from triage_node.web.views.statistics_period import period
from triage_node.web.views.templating import moment
from triage_node.worklist import Filters, StudySummary

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]
From = Annotated[Day, Query(alias="received_from")]
To = Annotated[Day, Query(alias="received_to")]
Why = Annotated[Literal["", "failed", "unsuitable"] | ReasonCode, Query(alias="reason")]

ROWS = 50
COLUMNS = (
    "first_received_at",
    "state",
    "patient_name",
    "patient_id",
    "accession_number",
    "study_description",
    "station_name",
    "calling_ae_title",
    "study_instance_uid",
)


@router.get("/admin/not-analyzed", dependencies=[Depends(audited("not_analyzed_viewed", Role.ADMINISTRATOR))])
def not_analyzed_page(
    request: Request,
    services: TheServices,
    why: Why = "",
    received_from: From = None,
    received_to: To = None,
    after: Cursor = None,
) -> Response:
    """Show a page of them, the latest arrival first."""
    page = services.worklist.study_lists.studies(_filters(why, received_from, received_to), after, ROWS)
    first, last = period(received_from, received_to)
    context = {
        "why": str(why),
        "choices": _choices(),
        "received_from": received_from,
        "received_to": received_to,
        "studies": page.studies,
        "next": page.next,
        "first": first,
        "last": last,
        "numbers": services.worklist.statistics.statistics(first, last),
        "sentences": {str(code): sentence for code, sentence in SENTENCES.items()},
        "query": request.url.query,
    }
    return services.templates.page(request, "admin/not_analyzed.html", context)


@router.get("/admin/not-analyzed.csv", dependencies=[Depends(audited("not_analyzed_exported", Role.ADMINISTRATOR))])
def not_analyzed_csv(
    services: TheServices, why: Why = "", received_from: From = None, received_to: To = None
) -> StreamingResponse:
    """Return all of them as CSV."""
    studies = services.worklist.study_lists.every(_filters(why, received_from, received_to))
    return csv_file("triage-node-not-analyzed", (*COLUMNS, "reasons"), _rows(studies))


def _rows(studies: Iterator[StudySummary]) -> Iterator[list[object]]:
    for study in studies:
        codes = " ".join(reason.code for reason in study.reasons or [])
        yield [moment(study.first_received_at), *(getattr(study, column) for column in COLUMNS[1:]), codes]


def _filters(why: str, received_from: Day, received_to: Day) -> Filters:
    days = Filters(received_from=received_from, received_to=received_to)
    if why in ("", "failed", "unsuitable"):
        return replace(days, state=(why,) if why else ("failed", "unsuitable"))
    return replace(days, reason=(why,))


def _choices() -> list[tuple[str, str]]:
    codes = [(code.value, sentence) for code, sentence in SENTENCES.items()]
    return [("", "any reason"), ("failed", "failed"), ("unsuitable", "unsuitable"), *codes]
