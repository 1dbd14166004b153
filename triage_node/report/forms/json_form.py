"""A readable report as JSON; docs/forms.md says what each field is."""

import json
from dataclasses import asdict
from datetime import date, time
from typing import Any

from triage_node.report.forms.readable_report import ReadableReport

VERSION = 1
"""Of the shape: fields may be added to it, and a field that goes or changes its meaning makes another version."""


def as_json(read: ReadableReport) -> str:
    """Return the report as a JSON object with its fields in their order; dates and times as ISO 8601."""
    shape: dict[str, Any] = {"version": VERSION, "status": "analyzed" if read.decision else "not_analyzed"}
    return json.dumps(shape | asdict(read), ensure_ascii=False, indent=1, default=_iso) + "\n"


def _iso(value: object) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
