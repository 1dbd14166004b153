"""The front door: to the first page of the navigation."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse

from triage_node.identity import Role
from triage_node.web.dependencies import Parts, the_parts
from triage_node.web.security.authorization import require
from triage_node.web.security.principal import Visitor

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(
    visitor: Annotated[Visitor, Depends(require(Role.READER))], parts: Annotated[Parts, Depends(the_parts)]
) -> RedirectResponse:
    """Lead to the first page."""
    entries = parts.templates.navigation.for_role(visitor.role)
    return RedirectResponse(entries[0].path if entries else "/account", 303)
