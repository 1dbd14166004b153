"""Why a series was chosen: every series of a study judged by its headers, as the analysis does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.reasons import Reason
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited
from triage_node.web.views.study_files import study_files
from triage_node.worklist import Study

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Assessment:
    """A series with its number of images, and why it is not suitable; no reasons when it is."""

    description: str
    images: int
    is_chosen: bool
    reasons: Sequence[Reason]


@router.get("/studies/{study_instance_uid}/series", dependencies=[Depends(audited("study_viewed", Role.READER))])
def series_part(
    request: Request,
    study_instance_uid: str,
    services: Annotated[Services, Depends(the_services)],
) -> Response:
    """Show the assessment of each series, a part of the study's page."""
    study = services.worklist.study_details.study(study_instance_uid)
    context = {"assessments": _assessments(services, study), "deletions": study.deletions}
    return services.templates.page(request, "study_series.html", context)


def _assessments(services: Services, study: Study) -> list[Assessment]:
    """Judge as on the day of the latest outcome; the model's least age of patients is not known here."""
    from triage_node.imaging import Policy, scan, select_series

    at = study.latest_outcome.created_at if study.latest_outcome else study.first_received_at
    policy = Policy(prior_study_days=services.settings.prior_study_days or None)
    series = scan(study_files(services.spool, services.worklist, study.study_instance_uid)).series
    selection = select_series(series, policy, datetime.fromtimestamp(at, services.settings.zone).date())
    return [
        Assessment(one.description, len(one.instances), is_chosen=one is selection.chosen, reasons=reasons)
        for one, reasons in selection.assessments
    ]
