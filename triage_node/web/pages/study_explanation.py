"""The picture of where the model looked, for quality control: shown to those whom the site lets see it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited
from triage_node.web.security.errors import Forbidden
from triage_node.web.security.principal import Principal
from triage_node.web.views.explanation import latest_explanation, may_see_explanations

router = APIRouter(include_in_schema=False)

PNG = b"\x89PNG\r\n\x1a\n"
HEADERS = {
    "Content-Disposition": 'inline; filename="explanation.png"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@router.get("/studies/{study_instance_uid}/explanation")
def explanation(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("images_viewed", Role.READER))],
    services: Annotated[Services, Depends(the_services)],
) -> Response:
    """Return the picture of the latest analysis."""
    if not may_see_explanations(services.settings, principal.role):
        raise Forbidden
    study = services.worklist.study_details.study(study_instance_uid)
    content = latest_explanation(study, services.spool)
    if content is None or not content.startswith(PNG):
        raise HTTPException(404, "There is no picture of where the model looked.")
    return Response(content, 200, HEADERS, "image/png")
