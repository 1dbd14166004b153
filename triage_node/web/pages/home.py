"""The front door: to the first page of the navigation."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse

from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import Principal

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(
    principal: Annotated[Principal, Depends(require(Role.READER))], services: Annotated[Services, Depends(the_services)]
) -> RedirectResponse:
    """Lead to the first page."""
    entries = services.templates.navigation.for_role(principal.role)
    return RedirectResponse(entries[0].path if entries else "/account", 303)
