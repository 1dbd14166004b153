"""A readable report as PDF: PDF/A-2a for the archive (ISO 19005-2), PDF/UA-1 for screen readers (ISO 14289-1)."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import typst
from pydicom.dataset import Dataset

from triage_node.report.forms.fonts import families, fonts
from triage_node.report.forms.readable_report import ReadableReport
from triage_node.report.forms.reading import NO_NAMES, readable
from triage_node.report.forms.sheet import COLUMNS, sheet
from triage_node.report.forms.source_names import SourceNames
from triage_node.report.wording import MANUFACTURER

STANDARDS: "list[typst.PDFStandard]" = ["a-2a", "ua-1"]
NOTE = "No font of this page has some characters; each of them stands as its Unicode number, such as [U+1F9E0]."
SAMPLE = b"""#set document(title: "sample")
#set text(font: json(bytes(sys.inputs.fonts)), fallback: false)
#sys.inputs.text"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def pdf_document(report: Dataset, names: SourceNames = NO_NAMES, revision: int | None = None) -> bytes:
    """Return a report of this node as PDF; the same report gives the same bytes. Raises as `readable` does."""
    return as_pdf(readable(report, names, revision))


def as_pdf(read: ReadableReport) -> bytes:
    """Return the report as PDF, all fonts embedded; a character that no font has stands as its Unicode number."""
    page = {**asdict(sheet(read)), "columns": COLUMNS, "fonts": families(), "author": MANUFACTURER, "note": ""}
    made_at = read.report.created_at or EPOCH
    made_at = made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC)
    for fit in (_as_it_is, _without_unknown_characters, _in_ascii):
        try:
            return _compiled(_template(), {"page": json.dumps(fit(page))}, made_at)
        except typst.TypstError as error:
            refused = error
    raise refused


def _compiled(source: bytes, inputs: dict[str, str], made_at: datetime) -> bytes:
    """Compile; a PDF/A with a character that no font has is refused by the compiler."""
    compiler = typst.Compiler(font_paths=fonts(), ignore_system_fonts=True)
    made = compiler.compile(source, format="pdf", sys_inputs=inputs, pdf_standards=STANDARDS, timestamp=made_at)
    assert isinstance(made, bytes)
    return made


def _as_it_is(page: dict[str, Any]) -> dict[str, Any]:
    return page


def _without_unknown_characters(page: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(page, ensure_ascii=False)
    unknown = {character for character in set(text) if not character.isascii() and not _is_shown(character)}
    return _replaced(page, lambda character: character in unknown)


def _in_ascii(page: dict[str, Any]) -> dict[str, Any]:
    """Return the page without what the fonts have but cannot join, whatever it is: that is never left out unsaid."""
    return _replaced(page, lambda character: not character.isascii())


def _replaced(page: dict[str, Any], is_unknown: Callable[[str], bool]) -> dict[str, Any]:
    def numbered(value: Any) -> Any:
        if isinstance(value, str):
            return "".join(f"[U+{ord(one):04X}]" if is_unknown(one) else one for one in value)
        if isinstance(value, dict):
            return {key: numbered(one) for key, one in value.items()}
        return [numbered(one) for one in value] if isinstance(value, list | tuple) else value

    return {**numbered(page), "note": NOTE}


@lru_cache(maxsize=4096)
def _is_shown(character: str) -> bool:
    try:
        _compiled(SAMPLE, {"text": character, "fonts": json.dumps(families())}, EPOCH)
    except typst.TypstError:
        return False
    return True


@cache
def _template() -> bytes:
    return files("triage_node.report.forms").joinpath("report.typ").read_bytes()
