"""Who looked at what, and who was refused."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.database import checked_day, start_of
from triage_node.errors import InvalidInput, StudyNotFound
from triage_node.identity import AuditEntry, AuditFilters, Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import audited
from triage_node.web.views.audit_entries import sittings
from triage_node.web.views.filters import Day
from triage_node.web.views.templating import moment

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]

ROWS = 200
"""Of the trail; those that are folded take one line."""
COLUMNS = ("at", "user_name", "role", "address", "action", "study_instance_uid", "query", "allowed")


def audit_filters(
    services: TheServices,
    user_name: Annotated[str, Query(max_length=80)] = "",
    study: Annotated[str, Query(max_length=64)] = "",
    action: Annotated[str, Query(max_length=32)] = "",
    refused: Annotated[str, Query(max_length=3)] = "",
    received_from: Day = None,
    received_to: Day = None,
) -> AuditFilters:
    """Return the filters of an address."""
    return AuditFilters(
        user_name=user_name.strip(),
        study_instance_uid=_uid_of(services, study.strip()),
        action=action,
        refused_only=refused == "yes",
        start=None if received_from is None else start_of(checked_day(received_from)),
        end=None if received_to is None else start_of(checked_day(received_to) + timedelta(days=1)),
    )


def _uid_of(services: Services, study: str) -> str:
    """Return the study that is meant, also by its accession number; what the worklist does not know may be deleted."""
    try:
        return services.worklist.study_details.uid_of(study) if study else ""
    except (StudyNotFound, InvalidInput):
        return study


TheFilters = Annotated[AuditFilters, Depends(audit_filters)]
Before = Annotated[int | None, Query(ge=0, le=2**53)]


@router.get("/admin/audit", dependencies=[Depends(audited("audit_trail_viewed", Role.ADMINISTRATOR))])
def audit_page(request: Request, services: TheServices, filters: TheFilters, before: Before = None) -> Response:
    """Show a page of the audit trail, the latest access first."""
    trail = services.worklist.audit_trail
    rows = trail.page(filters, before, ROWS + 1)
    context = {
        "sittings": list(sittings(rows[:ROWS])),
        "named": services.worklist.study_details.named({one.study_instance_uid for one in rows}),
        "next": rows[ROWS - 1].id if len(rows) > ROWS else None,
        "filters": filters,
        "asked_study": request.query_params.get("study", ""),
        "days": {name: request.query_params.get(name, "") for name in ("received_from", "received_to")},
        "actions": [("", "anything"), *((action, action.replace("_", " ")) for action in trail.actions())],
        "query": request.url.query,
    }
    return services.templates.page(request, "admin/audit.html", context)


@router.get("/admin/audit.csv", dependencies=[Depends(audited("audit_trail_exported", Role.ADMINISTRATOR))])
def audit_csv(services: TheServices, filters: TheFilters) -> StreamingResponse:
    """Return all accesses that the filters ask for as CSV."""
    return csv_file("triage-node-audit", COLUMNS, _rows(services.worklist.audit_trail.every(filters)))


def _rows(accesses: Iterator[AuditEntry]) -> Iterator[list[object]]:
    for access in accesses:
        yield [moment(access.at), *(getattr(access, column) for column in COLUMNS[1:])]
