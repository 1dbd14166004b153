"""Codes of findings as a site may write them in the settings."""

import re
from collections.abc import Mapping
from typing import Any

from triage_node.findings import FINDING_CODES, LABELS, Code, FindingCode, Label, Trust

CODE_NOTATION = re.compile(r'\(?\s*([^\s,"()]+)\s*,\s*([^\s,"()]+)\s*,\s*"?([^"]*[^"\s])"?\s*\)?')
CODE_KEYS = ("finding", "site")
ABSENT_CODES = frozenset({"2667000", "272519000", "373572006", "410516002", "410594000"})
"""Of SNOMED CT, all that say that something is not there: no triage device says so."""


def read_finding_codes(value: Any) -> dict[Label, FindingCode]:
    """Return the codes of the labels that a site sets: a text, or a table of ``finding`` and ``site``, for each.

    Raises
    ------
    ValueError
        A label is none of ours, a code is not in the notation or no triage device may say it, or two labels would
        have one code.
    """
    if not isinstance(value, Mapping):
        raise ValueError("must be a table with a label in each line")
    codes = {_label(name): _finding_code(str(name), one) for name, one in value.items()}
    _check_distinct(codes)
    return codes


def written_finding_codes(codes: Mapping[Label, FindingCode]) -> dict[str, dict[str, str]]:
    """Return codes of findings as `read_finding_codes` takes them."""
    return {
        label.value: {key: str(code) for key in CODE_KEYS if (code := getattr(one, key)) is not None}
        for label, one in codes.items()
    }


def _label(name: Any) -> Label:
    if name not in LABELS:
        raise ValueError(f"{name!r} is none of the labels {', '.join(LABELS)}")
    return Label(name)


def _finding_code(name: str, value: Any) -> FindingCode:
    if isinstance(value, FindingCode):
        return value
    table = value if isinstance(value, Mapping) else {"finding": value}
    if unknown := [key for key in table if key not in CODE_KEYS]:
        raise ValueError(f"{name} has no {unknown[0]!r}, only finding and site")
    if "finding" not in table:
        raise ValueError(f"{name} has a site and no finding")
    site = table.get("site")
    return FindingCode(_code(name, table["finding"]), None if site is None else _code(name, site))


def _code(name: str, text: Any) -> Code:
    match = CODE_NOTATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{name} must be like (21454007, SCT, "Subarachnoid hemorrhage"), not {text!r}')
    value, scheme, meaning = match.groups()
    if not text.isascii() or not text.isprintable() or "\\" in text:
        raise ValueError(f"{name} must be in printable ASCII without a backslash, not {text!r}")
    for part, limit, kind in ((value, 16, "value"), (scheme, 16, "scheme"), (meaning, 64, "meaning")):
        if len(part) > limit:
            raise ValueError(f"the {kind} of {name} has more than {limit} characters: {part!r}")
    if value in ABSENT_CODES:
        raise ValueError(f"{name} says that something is absent, which no triage device does: {text!r}")
    return Code(value, scheme, meaning, "set by the site", Trust.REMEMBERED)


def _check_distinct(codes: Mapping[Label, FindingCode]) -> None:
    named: dict[tuple[str, ...], Label] = {}
    for label, one in {**FINDING_CODES, **codes}.items():
        key = tuple(part for code in (one.finding, one.site) if code for part in (code.value, code.scheme))
        if key in named:
            raise ValueError(f"{named[key].value} and {label.value} have the same code {one.finding}")
        named[key] = label
