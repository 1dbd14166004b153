"""A readable report as one HTML page that needs nothing else: no script, no picture, no font, no address."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from triage_node.report.forms.readable_report import ReadableReport
from triage_node.report.forms.sheet import COLUMNS, sheet

if TYPE_CHECKING:
    from jinja2 import Template


def as_html(read: ReadableReport) -> str:
    """Return the page; every value is escaped, and a policy in the page lets nothing run or load."""
    return _template().render(page=sheet(read), columns=COLUMNS, style=_style(), policy=content_policy())


@cache
def content_policy() -> str:
    """Return the Content-Security-Policy under which the page looks as it should, and nothing in it does anything."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return files("triage_node.report.forms").joinpath("report.css").read_text("utf-8")


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("triage_node.report.forms").joinpath("report.html.j2").read_text("utf-8"))
