"""The settings in force: each with its value, unless that is a secret, and where it comes from."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.config import shown
from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import require

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]


@router.get("/admin/settings", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def settings_page(request: Request, services: TheServices) -> Response:
    """Show every setting."""
    reload = services.machinery.last_reload() if services.machinery is not None else None
    context = {"settings": list(shown(services.settings)), "reload": reload}
    return services.templates.page(request, "admin/settings.html", context)


@router.get("/admin/settings.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def settings_csv(services: TheServices) -> StreamingResponse:
    """Return every setting as CSV."""
    rows = ((one.name, one.text, one.origin, one.description) for one in shown(services.settings))
    heads = ("setting", "value", "from", "what_it_is")
    return csv_file("triage-node-settings", heads, rows)
