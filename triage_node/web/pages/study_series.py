"""Why a series was chosen: every series of a study judged by its headers, as the analysis does it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.web.dependencies import Parts, the_parts
from triage_node.web.security.authorization import audited

router = APIRouter(include_in_schema=False)


@router.get("/studies/{study_instance_uid}/series", dependencies=[Depends(audited("study_viewed", Role.READER))])
def series_part(
    request: Request,
    study_instance_uid: str,
    parts: Annotated[Parts, Depends(the_parts)],
) -> Response:
    """Show the judgement of each series, a part of the study's page."""
    study = parts.worklist.views.study(study_instance_uid)
    return parts.templates.page(request, "study_series.html", {"judgements": _judgements(parts, study)})


def _judgements(parts: Parts, study: dict[str, Any]) -> list[dict[str, Any]]:
    """Judge as on the day of the latest outcome; the model's least age of patients is not known here."""
    from triage_node.imaging import Policy, choose, scan

    at = study["outcomes"][-1]["created_at"] if study["outcomes"] else study["first_received_at"]
    policy = Policy(prior_study_days=parts.settings.prior_study_days or None)
    series = scan(parts.spool.instances(study["study_instance_uid"])).series
    choice = choose(series, policy, datetime.fromtimestamp(at, parts.settings.zone).date())
    return [
        {
            "description": one.description,
            "images": len(one.instances),
            "chosen": one is choice.chosen,
            "reasons": reasons,
        }
        for one, reasons in choice.judgements
    ]
