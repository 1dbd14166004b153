"""A reader of reports that shares no code with the node: pydicom, and the codes as the documentation names them."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

DECISIONS = {"415684004": "flagged", "373068000": "uncertain"}
FINDINGS = {
    "82999001": "epidural",
    "274100004": "intraparenchymal",
    "50960005": "intraventricular",
    "21454007": "subarachnoid",
    "35486000": "subdural",
    "1386000": "any",
}


@dataclass(frozen=True)
class Answer:
    """What is said of one type: the decision, the score in percent, the instance and frame to look at."""

    decision: str
    percent: float
    instance: str | None
    frame: int | None


def answers(report: Dataset) -> dict[str, Answer]:
    """Return what a report says of each type of hemorrhage."""
    groups = [item for item in _walk(report) if _name(item) == "125007"]
    return {finding: answer for group in groups for finding, answer in _answers(group)}


def texts(report: Dataset, name: str) -> list[str]:
    """Return the texts with a concept name, wherever they are."""
    return [item.TextValue for item in _walk(report) if _name(item) == name]


def status(report: Dataset) -> list[str]:
    """Return the codes of CID 6047."""
    return [_value(item) for item in _walk(report) if _name(item) == "111017"]


def _answers(group: Dataset) -> Iterator[tuple[str, Answer]]:
    items = list(group.ContentSequence)
    [percent] = [item.MeasuredValueSequence[0].NumericValue for item in items if _name(item) == "111012"]
    references = [item.ReferencedSOPSequence[0] for item in items if _name(item) == "121080"]
    instance = next((reference.ReferencedSOPInstanceUID for reference in references), None)
    frame = next((reference.get("ReferencedFrameNumber") for reference in references), None)
    for item in items:
        if _name(item) in FINDINGS:
            yield FINDINGS[_name(item)], Answer(DECISIONS.get(_value(item), ""), float(percent), instance, frame)


def _walk(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        yield child
        yield from _walk(child)


def _name(item: Dataset) -> str:
    return item.ConceptNameCodeSequence[0].CodeValue if "ConceptNameCodeSequence" in item else ""


def _value(item: Dataset) -> str:
    return item.ConceptCodeSequence[0].CodeValue if "ConceptCodeSequence" in item else ""
