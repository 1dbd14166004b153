"""Where programs find the description of the API."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import session_cookie
from triage_node.web.views.api_description import description_of

router = APIRouter(include_in_schema=False)


@router.get("/api/openapi.json", dependencies=[Depends(require(Role.READER, Role.SERVICE, Role.MONITORING))])
def openapi(request: Request, services: Annotated[Services, Depends(the_services)]) -> Response:
    """Return the OpenAPI description."""
    return JSONResponse(description_of(request.app, session_cookie(services)))
