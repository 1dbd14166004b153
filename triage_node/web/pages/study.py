"""One study: what the node says, the images, what happened when, and what a person may do."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from triage_node.findings import TYPES
from triage_node.identity import Role
from triage_node.report import FILE_KINDS
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited
from triage_node.web.security.next_page import safe_next
from triage_node.web.security.principal import Principal
from triage_node.web.views.explanation import has_explanation, may_see_explanations
from triage_node.web.views.label_scores import label_scores, latest_slice_scores
from triage_node.web.views.listing import Listing, listing
from triage_node.web.views.reports import latest_report, linked_objects
from triage_node.web.views.slices import shown_series
from triage_node.web.views.stage_durations import stage_durations
from triage_node.worklist import LONGEST_COMMENT, RESENT, Study

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]
Text = Annotated[str, Form(max_length=8000)]


@router.get("/studies/{study_instance_uid}")
def study_page(
    request: Request,
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_viewed", Role.READER))],
    services: TheServices,
) -> Response:
    """Show a study."""
    study = services.worklist.study_details.study(study_instance_uid)
    report = latest_report(study, services.spool)
    slice_scores = latest_slice_scores(study, services.spool)
    context = {
        "study": study,
        "scores": label_scores(study, report, slice_scores),
        "slice_scores": slice_scores,
        "types": TYPES,
        "shown_series": shown_series(study),
        "stage_durations": stage_durations(study),
        "report": report,
        "linked_objects": linked_objects(study, services.spool),
        "has_explanation": may_see_explanations(services.settings, principal.role)
        and has_explanation(study, services.spool),
        "forms": tuple(FILE_KINDS),
        "resent": RESENT,
        "longest_comment": LONGEST_COMMENT,
        "viewer": _viewer(services, study),
    }
    return services.templates.page(request, "study.html", context)


@router.get("/studies/{study_instance_uid}/next", dependencies=[Depends(audited("worklist_viewed", Role.READER))])
def next_study(study_instance_uid: str, services: TheServices, shown: Annotated[Listing, Depends(listing)]) -> Response:
    """Lead on in the list that this study was opened from; back to the list after its last one."""
    following = shown.following(services.worklist.study_lists, study_instance_uid)
    address = "/worklist" if following is None else f"/studies/{quote(following, safe='')}"
    return RedirectResponse(shown.with_query(address), 303)


@router.post("/studies/{study_instance_uid}/acknowledge")
def acknowledge(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_acknowledged", Role.READER))],
    services: TheServices,
    next: Text = "",
) -> Response:
    """Take it off the list of what is to be read."""
    services.worklist.reader_actions.acknowledge(study_instance_uid, principal.actor)
    return RedirectResponse(safe_next(next), 303) if next else _back(study_instance_uid)


@router.post("/studies/{study_instance_uid}/unacknowledge")
def unacknowledge(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_unacknowledged", Role.READER))],
    services: TheServices,
) -> Response:
    """Put it back on the list of what is to be read."""
    services.worklist.reader_actions.unacknowledge(study_instance_uid, principal.actor)
    return _back(study_instance_uid)


@router.post("/studies/{study_instance_uid}/comment")
def comment(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_commented", Role.READER))],
    services: TheServices,
    text: Text = "",
) -> Response:
    """Write something about it."""
    services.worklist.reader_actions.comment(study_instance_uid, text, principal.actor)
    return _back(study_instance_uid)


@router.post("/studies/{study_instance_uid}/judge")
def judge(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_judged", Role.READER))],
    services: TheServices,
    agrees: Annotated[bool, Form()],
    types: Annotated[list[str], Form(max_length=5)] = [],  # noqa: B006
) -> Response:
    """Agree or disagree with the latest analysis."""
    services.worklist.reader_actions.give_verdict(study_instance_uid, agrees, types, principal.actor)
    return _back(study_instance_uid)


@router.post("/studies/{study_instance_uid}/requeue")
def requeue(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("study_requeued", Role.READER))],
    services: TheServices,
) -> Response:
    """Have it analyzed again."""
    services.worklist.reader_actions.requeue(study_instance_uid, principal.actor)
    return _back(study_instance_uid)


@router.post("/studies/{study_instance_uid}/resend")
def resend(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("report_resent", Role.READER))],
    services: TheServices,
    destination: Annotated[str, Form(max_length=300)],
    sop_instance_uid: Annotated[str, Form(max_length=64)],
) -> Response:
    """Send one of its reports again."""
    services.worklist.resending.resend_one(study_instance_uid, destination, sop_instance_uid, principal.actor)
    return _back(study_instance_uid)


def _back(study_instance_uid: str) -> Response:
    return RedirectResponse(f"/studies/{quote(study_instance_uid, safe='')}", 303)


def _viewer(services: Services, study: Study) -> str:
    template = services.settings.viewer_url_template or ""
    return template.replace("{study_instance_uid}", quote(study.study_instance_uid, safe=""))
