"""A readable report as plain text, for a terminal or a mail."""

import unicodedata
from collections.abc import Iterator, Sequence

from triage_node.report.forms.readable_report import ReadableReport
from triage_node.report.forms.sheet import COLUMNS, Section, Sheet, sheet

RIGHT = {2, 3, 4}
"""Columns of figures."""


def as_text(read: ReadableReport) -> str:
    """Return the report in lines without control characters, what matters first."""
    return "\n".join(line.rstrip() for line in _lines(sheet(read))) + "\n"


def _lines(page: Sheet) -> Iterator[str]:
    yield page.headline.upper()
    if page.sentence.rstrip(".").lower() != page.headline.lower():
        yield page.sentence
    yield page.disclaimer
    yield from _facts(page.patient)
    if page.rows:
        yield ""
        yield from _table([COLUMNS, *(row.cells for row in page.rows)])
    for section in page.sections:
        yield from _facts(section)


def _facts(section: Section) -> Iterator[str]:
    yield ""
    yield section.title
    width = max((len(name) for name, _ in section.facts), default=0)
    yield from (f"  {name:<{width}}  {value}" for name, value in section.facts)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (_padded(cell, width, at in RIGHT) for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
        yield "  " + "  ".join(cells)


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes (UAX 11)."""
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def _padded(cell: str, width: int, right: bool) -> str:
    room = " " * (width - columns(cell))
    return room + cell if right else cell + room
