"""The worklist and the archive of studies as JSON, page by page, and what a reader says of a study."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query
from fastapi.responses import JSONResponse, Response

from triage_node.identity import Role
from triage_node.json_object import to_json
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited
from triage_node.web.security.principal import Principal
from triage_node.web.views.answers import NOT_SHOWN, Typed
from triage_node.web.views.filters import Cursor, Limit, study_filters
from triage_node.worklist import Filters, Study, StudyChanges, StudyPage

router = APIRouter(tags=["worklist"])

TheServices = Annotated[Services, Depends(the_services)]
TheFilters = Annotated[Filters, Depends(study_filters)]


@dataclass(frozen=True, slots=True)
class Resent:
    """How many reports are sent again."""

    reports: int


PAGE = Typed(StudyPage, "some studies, and where to go on")
STUDY = Typed(Study, "the study")
CHANGES = Typed(StudyChanges, "the studies that changed, and where to go on")
RESENT = Typed(Resent, "how many reports are sent again")


@router.get(
    "/api/worklist",
    summary="The open studies in reading order",
    responses=PAGE.responses,
    dependencies=[Depends(audited("worklist_viewed", Role.READER, Role.SERVICE))],
)
def worklist(
    services: TheServices,
    filters: TheFilters,
    since_hours: Annotated[
        float, Query(ge=0, le=8784, description="finished studies that arrived longer ago are left out")
    ] = 24.0,
    after: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return `studies` that nobody has acknowledged, and `next` for the following page, null after the last.

    Flagged and urgent studies come first, with them those of which only unlikeness to the training images withholds a
    flag (`withheld` names the labels), then those that wait longer than the maximum, then uncertain ones, then the
    rest; each group by arrival. `group` names it; `cautions` say why an answer is less certain than its score, in a
    sentence (`message`) and for a list (`words`); times are seconds since 1970 (UTC).
    """
    return PAGE(services.worklist.study_lists.open_studies(filters, after, limit, since_hours))


@router.get(
    "/api/studies",
    summary="All studies, the latest arrival first",
    responses=PAGE.responses,
    dependencies=[Depends(audited("studies_viewed", Role.READER, Role.SERVICE))],
)
def studies(
    services: TheServices,
    filters: TheFilters,
    after: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return `studies`, read or not, and `next` for the following page, null after the last."""
    return PAGE(services.worklist.study_lists.studies(filters, after, limit))


@router.get(
    "/api/studies/{study_instance_uid}",
    summary="One study with all the node knows of it",
    responses=STUDY.responses,
    dependencies=[Depends(audited("study_viewed", Role.READER, Role.SERVICE))],
)
def study(
    study_instance_uid: str,
    services: TheServices,
) -> Response:
    """Return the study with its `series`, `outcomes`, `deliveries`, `events` and `comments`."""
    found = to_json(services.worklist.study_details.study(study_instance_uid))
    for row in (*found["outcomes"], *found["deliveries"]):
        for name in NOT_SHOWN:
            row.pop(name, None)
    return JSONResponse(found)


@router.get(
    "/api/changes",
    summary="The studies that changed since a marker",
    responses=CHANGES.responses,
    dependencies=[Depends(audited("worklist_watched", Role.READER, Role.SERVICE))],
)
def changes(
    services: TheServices,
    marker: Annotated[int, Query(ge=0, le=2**53, description="`marker` of the answer before; 0 for the oldest")] = 0,
    limit: Limit = 100,
) -> Response:
    """Return `studies` as they are now, each once, the next `marker`, and whether there is `more` at once."""
    return CHANGES(services.worklist.study_lists.changes_since(marker, limit))


@router.post("/api/studies/{study_instance_uid}/requeue", status_code=204, summary="Analyze a study again")
def requeue(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_requeued", Role.ADMINISTRATOR, Role.SERVICE))],
    services: TheServices,
) -> None:
    """Put a study back in the queue, whatever came of it before; 409 when it is in the queue or being analyzed."""
    services.worklist.reader_actions.requeue(study_instance_uid, principal.actor)


@router.post(
    "/api/studies/{study_instance_uid}/resend", summary="Send a study's reports again", responses=RESENT.responses
)
def resend(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("report_resent", Role.ADMINISTRATOR, Role.SERVICE))],
    services: TheServices,
) -> Response:
    """Send its dead and held reports again and return how many `reports` those are; none is no error."""
    return RESENT(Resent(services.worklist.resending.resend(study_instance_uid, principal.actor)))


@router.post("/api/studies/{study_instance_uid}/acknowledgement", status_code=204, summary="Acknowledge a study")
def acknowledge(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_acknowledged", Role.READER))],
    services: TheServices,
) -> None:
    """Take a study off the list of what is to be read; 409 when somebody has done so already."""
    services.worklist.reader_actions.acknowledge(study_instance_uid, principal.actor)


@router.delete("/api/studies/{study_instance_uid}/acknowledgement", status_code=204, summary="Take that back")
def unacknowledge(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_unacknowledged", Role.READER))],
    services: TheServices,
) -> None:
    """Put a study back on the list of what is to be read; 409 when nobody has acknowledged it."""
    services.worklist.reader_actions.unacknowledge(study_instance_uid, principal.actor)


@router.post("/api/studies/{study_instance_uid}/verdict", status_code=204, summary="Agree or disagree")
def judge(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_judged", Role.READER))],
    services: TheServices,
    agrees: Annotated[bool, Body(description="whether the latest analysis is right")],
    types: Annotated[list[str], Body(max_length=5, description="the types of hemorrhage that were seen")] = [],  # noqa: B006
) -> None:
    """Say whether the latest analysis is right; a later word replaces an earlier one."""
    services.worklist.reader_actions.give_verdict(study_instance_uid, agrees, types, principal.actor)
