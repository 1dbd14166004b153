"""The templates: everything from outside is escaped, and a variable that is missing is an error."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import URL

from triage_node import __version__
from triage_node.byte_size import byte_size
from triage_node.findings import SHORT_FORMS
from triage_node.web.views.navigation import Navigation
from triage_node.web.views.person_name import age_at, day, hour, person_name

FOLDER = Path(__file__).parents[1]
STATIC = FOLDER / "static"


class Templates:
    """Render pages; each gets the principal, the navigation and the form token beside its own context.

    Parameters
    ----------
    navigation
        The main navigation.
    node_name
        What the node is called at the top of each page.
    folder
        Where the templates are; the package's by default.
    """

    def __init__(self, navigation: Navigation, node_name: str, folder: Path = FOLDER / "templates") -> None:
        self.navigation = navigation
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        filters: dict[str, Callable[..., Any]] = {
            "moment": moment,
            "duration": duration,
            "code_text": code_text,
            "byte_size": byte_size,
            "figure": figure,
            "person_name": person_name,
            "day": day,
            "hour": hour,
        }
        self.environment.filters |= filters
        self.environment.globals |= {"short_forms": SHORT_FORMS, "age_at": age_at}
        self.environment.globals |= {"static": static_url, "version": __version__, "node_name": node_name}

    def page(
        self,
        request: Request,
        name: str,
        context: Mapping[str, Any] | None = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """Render a template, a whole page or a part for htmx."""
        principal = getattr(request.state, "principal", None)
        shared = {
            "request": request,
            "principal": principal,
            "navigation": self.navigation.for_role(principal.role) if principal else [],
            "form_token": principal.form_token if principal else "",
            "here": request.url.path,
            "with_query": lambda **changes: with_query(request, **changes),
        }
        text = self.environment.get_template(name).render(shared | dict(context or {}))
        return HTMLResponse(text, status_code, dict(headers or {}))


def static_url(name: str) -> str:
    """Return the address of a static file, which changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def with_query(request: Request, **changes: object) -> str:
    """Return this page's address with some query parameters changed, or left out where None."""
    unchanged = [(key, value) for key, value in request.query_params.multi_items() if key not in changes]
    query = urlencode([*unchanged, *((key, value) for key, value in changes.items() if value is not None)])
    return str(URL(request.url.path).replace(query=query))


def moment(seconds: float | None) -> str:
    """Write seconds since 1970 in UTC, as ISO 8601; the browser shows its own time zone."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: float | None) -> str:
    """Write a length of time as people say it, with two figures at most: 45 s, 12 min, 3 h 05 min, 2 d 4 h."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def figure(value: float | None, unit: str) -> str:
    """Write a value of a plot: a ``count``, ``seconds`` or a ``share``."""
    if value is None:
        return "\N{EN DASH}"
    if unit == "seconds":
        return duration(value)
    return f"{value * 100:.1f} %" if unit == "share" else f"{value:,.0f}"


def code_text(code: object) -> str:
    """Write a code as words: ``not_flagged`` as "not flagged"."""
    return str(code or "").replace("_", " ")
