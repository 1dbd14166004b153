"""The settings in force: each with its value, unless that is a secret, and where it comes from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import SecretStr

from triage_node.config import Settings
from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.security.authorization import require

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]

HIDDEN = "set, not shown"
USER_IN_ADDRESS = re.compile(r"(?<=://)[^/?#]*@")
SECRET_IN_QUERY = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key|sig|auth)[^=&]*=)[^&#]*", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """A setting as people may see it."""

    name: str
    value: str
    origin: str
    description: str


@router.get("/admin/settings", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def settings_page(request: Request, services: TheServices) -> Response:
    """Show every setting."""
    reload = services.machinery.last_reload() if services.machinery is not None else None
    context = {"settings": list(shown(services.settings)), "reload": reload}
    return services.templates.page(request, "admin/settings.html", context)


@router.get("/admin/settings.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def settings_csv(services: TheServices) -> StreamingResponse:
    """Return every setting as CSV."""
    heads = ("setting", "value", "from", "what_it_is")
    return csv_file("triage-node-settings", heads, (astuple(one) for one in shown(services.settings)))


def shown(settings: Settings) -> Iterator[Shown]:
    """Yield every setting without what is secret in it, those that somebody set first."""
    fields = sorted(Settings.model_fields.items(), key=lambda item: settings.origin(item[0]) == "default")
    for name, field in fields:
        value = _text(name, getattr(settings, name))
        yield Shown(name, value, settings.origin(name), field.description or "")


def _text(name: str, value: Any) -> str:
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    if name == "database_url":
        # Drivers take passwords in more places than one knows; the kind of database and its host say enough.
        return _without_user(str(value)).partition("?")[0]
    return SECRET_IN_QUERY.sub(r"\1…", _without_user(str(value))) if "://" in str(value) else str(value)


def _without_user(address: str) -> str:
    return USER_IN_ADDRESS.sub("…@", address)
