"""The API for programs, described for the people who write them; made from the OpenAPI description itself."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.web.dependencies import Services, dicomweb_url, the_services
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import session_cookie
from triage_node.web.views.api_description import description_of
from triage_node.web.views.api_operations import groups_of, models_of, schemes_of

router = APIRouter(include_in_schema=False)


@router.get("/api", dependencies=[Depends(require(Role.READER, Role.SERVICE, Role.MONITORING))])
def api_page(request: Request, services: Annotated[Services, Depends(the_services)]) -> Response:
    """Show what programs can ask the node."""
    description = description_of(request.app, session_cookie(services))
    context = {
        "groups": groups_of(description),
        "models": models_of(description),
        "schemes": schemes_of(description),
        "base_url": dicomweb_url(request).removesuffix("/dicomweb"),
    }
    return services.templates.page(request, "api.html", context)
