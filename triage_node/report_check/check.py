"""A report, or a file that may be one, against the tables of the Standard."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset

from triage_node.errors import InvalidInstance
from triage_node.imaging import read_intact
from triage_node.report_check.attributes import check_attributes
from triage_node.report_check.certainty import check_certainties
from triage_node.report_check.complaint import Complaint, Kind, Severity, bounded, error, warning
from triage_node.report_check.content_item import ContentItem, TooLarge, content_tree
from triage_node.report_check.document import check_document, check_observer, class_name
from triage_node.report_check.elements import text
from triage_node.report_check.references import check_references
from triage_node.report_check.relationships import DOCUMENT_CLASSES, check_relationships
from triage_node.report_check.report_templates import MEASUREMENT_REPORT, TITLES
from triage_node.report_check.template_check import check_template, declared_template

LARGEST_BYTES = 64 * 1024 * 1024
"""A report of a study with 10,000 images, each in an image library with all its descriptors, has about 30 MB."""


@dataclass(frozen=True)
class Checked:
    """What came of checking one file.

    Attributes
    ----------
    path
        The file.
    sop_class
        What it is, in words; empty when it could not be read.
    template
        The template it was checked against; empty when there is no table of its own.
    complaints
        What is wrong with it.
    """

    path: str
    sop_class: str
    template: str
    complaints: tuple[Complaint, ...] = field(default=())

    @property
    def errors(self) -> int:
        """Return how many complaints are errors."""
        return sum(complaint.severity is Severity.ERROR for complaint in self.complaints)

    @property
    def warnings(self) -> int:
        """Return how many complaints are warnings."""
        return len(self.complaints) - self.errors


def check_file(path: Path) -> Checked:
    """Return what is wrong with a file; that it is no report, or none that can be read, is a complaint."""
    try:
        report = _read(path)
    except InvalidInstance as unreadable:
        complaint = error(Kind.UNREADABLE, "PS3.10 7", "", str(unreadable))
        return Checked(str(path), "", "", (complaint,))
    except OSError as unopened:
        complaint = error(Kind.UNREADABLE, "none", "", f"It cannot be opened: {unopened.strerror}.")
        return Checked(str(path), "", "", (complaint,))
    complaints, template = check_report(report)
    with _pydicom_silenced():
        return Checked(str(path), class_name(report), template, complaints)


def _pydicom_silenced() -> AbstractContextManager[object]:
    """Keep pydicom from warning of values that are not what their VR says: the tables judge what matters."""
    return warnings.catch_warnings(action="ignore")


def _read(path: Path) -> Dataset:
    with path.open("rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise InvalidInstance(f"The file has more than {LARGEST_BYTES} bytes, which no report has.")
    return read_intact(content)


def check_report(report: Dataset) -> tuple[tuple[Complaint, ...], str]:
    """Return what is wrong with a data set, and the template that it was checked against, empty without one."""
    with _pydicom_silenced():
        if text(report, "SOPClassUID") not in DOCUMENT_CLASSES:
            return (_no_report(report),), ""
        try:
            root = content_tree(report)
        except TooLarge as large:
            return (error(Kind.BOUND, "none", "", str(large)),), ""
        template = _template_of(root)
        return tuple(bounded(_complaints(report, root, template))), template


def _complaints(report: Dataset, root: ContentItem, template: str) -> Iterator[Complaint]:
    yield from check_document(report, root)
    yield from check_relationships(root, DOCUMENT_CLASSES[text(report, "SOPClassUID")])
    yield from check_attributes(root)
    yield from check_references(report, root)
    yield from check_certainties(root)
    if template:
        yield from check_observer(report, root)
        yield from check_template(root, template)
    yield from _other_template(root)


def _template_of(root: ContentItem) -> str:
    """Return TID 1500 where the report names it; one that names none is taken to mean it by its title."""
    declared = declared_template(root)
    if declared:
        return declared if declared == MEASUREMENT_REPORT else ""
    return MEASUREMENT_REPORT if _has_title(root) else ""


def _has_title(root: ContentItem) -> bool:
    return root.name is not None and TITLES.allow(root.name)


def _other_template(root: ContentItem) -> Iterator[Complaint]:
    declared = declared_template(root)
    rest = "only header, value types, relationships, codes and references were checked."
    if declared and declared != MEASUREMENT_REPORT:
        message = f"The report follows template {declared}; there is a table of TID 1500 only, so {rest}"
        yield error(Kind.TEMPLATE, "PS3.16 Annex A", root.path, message)
    elif not declared and _has_title(root):
        message = "The report has a title of TID 1500 and does not name its template."
        yield warning(Kind.TEMPLATE, "PS3.3 C.18.8", root.path, message)
    elif not declared:
        yield warning(Kind.TEMPLATE, "PS3.3 C.18.8", root.path, f"The report names no template: {rest}")


def _no_report(report: Dataset) -> Complaint:
    titles = ", ".join(each.title for each in DOCUMENT_CLASSES.values())
    message = f"It is no Structured Report that can be checked ({titles}), but {class_name(report)}."
    return error(Kind.NO_REPORT, "PS3.3 A.35", "SOPClassUID", message)
