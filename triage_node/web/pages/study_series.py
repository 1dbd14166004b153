"""Why a series was chosen: every series of a study judged by its headers, as the analysis does it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited

router = APIRouter(include_in_schema=False)


@router.get("/studies/{study_instance_uid}/series", dependencies=[Depends(audited("study_viewed", Role.READER))])
def series_part(
    request: Request,
    study_instance_uid: str,
    services: Annotated[Services, Depends(the_services)],
) -> Response:
    """Show the judgement of each series, a part of the study's page."""
    study = services.worklist.study_details.study(study_instance_uid)
    return services.templates.page(request, "study_series.html", {"judgements": _judgements(services, study)})


def _judgements(services: Services, study: dict[str, Any]) -> list[dict[str, Any]]:
    """Judge as on the day of the latest outcome; the model's least age of patients is not known here."""
    from triage_node.imaging import Policy, scan, select_series

    at = study["outcomes"][-1]["created_at"] if study["outcomes"] else study["first_received_at"]
    policy = Policy(prior_study_days=services.settings.prior_study_days or None)
    series = scan(services.spool.instances(study["study_instance_uid"])).series
    selection = select_series(series, policy, datetime.fromtimestamp(at, services.settings.zone).date())
    return [
        {
            "description": one.description,
            "images": len(one.instances),
            "chosen": one is selection.chosen,
            "reasons": reasons,
        }
        for one, reasons in selection.assessments
    ]
