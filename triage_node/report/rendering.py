"""A Structured Report of any origin as text and as HTML (PS3.18 8.7.4, media types of the text category).

What is shown is the content tree as it stands, item by item, below who it is about and how far it can be trusted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from pydicom.dataset import Dataset
from pydicom.uid import UID

from triage_node.report.content_items import DEEPEST, children, coded, sequence
from triage_node.report.header import printable, text_of

FACTS = {
    "Patient": ("PatientName",),
    "Patient ID": ("PatientID",),
    "Birth date": ("PatientBirthDate",),
    "Sex": ("PatientSex",),
    "Study": ("StudyDate", "StudyTime", "StudyDescription"),
    "Accession number": ("AccessionNumber",),
    "Series": ("SeriesDescription",),
    "Made": ("ContentDate", "ContentTime", "TimezoneOffsetFromUTC"),
    "By": ("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "StationName"),
    "State": ("CompletionFlag", "VerificationFlag", "PreliminaryFlag"),
    "Study Instance UID": ("StudyInstanceUID",),
    "SOP Instance UID": ("SOPInstanceUID",),
}


@dataclass(frozen=True)
class Line:
    """A content item: its concept's name, its value in one or more lines, and how deep it lies."""

    depth: int
    name: str
    value: tuple[str, ...]


def as_text(report: Dataset) -> str:
    """Return a report in lines of plain text."""
    facts = [f"{name}: {value}" for name, value in _facts(report)]
    return "\n".join([_title(report), "", *facts, "", *_text_lines(report)]) + "\n"


def as_html(report: Dataset) -> str:
    """Return a report as an HTML page without scripts or references to anything."""
    title = escape(_title(report))
    facts = "".join(f"<tr><th scope=row>{escape(name)}<td>{escape(value)}\n" for name, value in _facts(report))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n<table>\n{facts}</table>\n{''.join(_html_items(report))}</body></html>\n"
    )


def _title(report: Dataset) -> str:
    return _name(report) or "Structured Report"


def _facts(report: Dataset) -> Iterator[tuple[str, str]]:
    for name, keywords in FACTS.items():
        value = " ".join(filter(None, (printable(text_of(report, keyword)) for keyword in keywords)))
        if value:
            yield name, value


def _lines(item: Dataset, depth: int = 0) -> Iterator[Line]:
    for child in children(item):
        yield Line(depth, _name(child), _value(child))
        if depth < DEEPEST:
            yield from _lines(child, depth + 1)


def _text_lines(report: Dataset) -> Iterator[str]:
    for line in _lines(report):
        indent = "  " * line.depth
        first, *more = line.value or ("",)
        yield indent + ": ".join(filter(None, (line.name, first)))
        yield from (f"{indent}  {text}" for text in more)


def _html_items(report: Dataset) -> Iterator[str]:
    depth = -1
    for line in _lines(report):
        yield "<ul>\n" * (line.depth - depth) + "</ul>\n" * (depth - line.depth)
        value = "<br>".join(map(escape, line.value))
        yield f"<li>{f'<b>{escape(line.name)}</b>' if line.name else ''} {value}\n"
        depth = line.depth
    yield "</ul>\n" * (depth + 1)


def _name(item: Dataset) -> str:
    code = coded(item, "ConceptNameCodeSequence")
    return printable(code.meaning or code.value) if code else ""


def _value(item: Dataset) -> tuple[str, ...]:
    """Return the value of a content item by its type (PS3.3 Table C.17.3-7)."""
    read = VALUES.get(text_of(item, "ValueType"))
    lines = read(item).splitlines() if read else []
    return tuple(printable(line).strip() for line in lines if line.strip())


def _code(item: Dataset) -> str:
    code = coded(item, "ConceptCodeSequence")
    return (code.meaning or code.value) if code else ""


def _measurement(item: Dataset) -> str:
    for measured in sequence(item, "MeasuredValueSequence"):
        unit = coded(measured, "MeasurementUnitsCodeSequence")
        # "1" is UCUM's word for no unit (PS3.16 CID 84 and others).
        shown = "" if unit is None or unit.value == "1" else unit.value
        return f"{text_of(measured, 'NumericValue')} {shown}".strip()
    qualifier = coded(item, "NumericValueQualifierCodeSequence")
    return qualifier.meaning if qualifier else ""


def _reference(item: Dataset) -> str:
    for reference in sequence(item, "ReferencedSOPSequence"):
        name = UID(text_of(reference, "ReferencedSOPClassUID")).name
        frames = text_of(reference, "ReferencedFrameNumber")
        return f"{name} {text_of(reference, 'ReferencedSOPInstanceUID')}{f' frame {frames}' if frames else ''}"
    return ""


VALUES: dict[str, Callable[[Dataset], str]] = {
    "TEXT": lambda item: text_of(item, "TextValue"),
    "CODE": _code,
    "NUM": _measurement,
    "DATETIME": lambda item: text_of(item, "DateTime"),
    "DATE": lambda item: text_of(item, "Date"),
    "TIME": lambda item: text_of(item, "Time"),
    "UIDREF": lambda item: text_of(item, "UID"),
    "PNAME": lambda item: text_of(item, "PersonName"),
    "IMAGE": _reference,
    "COMPOSITE": _reference,
    "WAVEFORM": _reference,
}
