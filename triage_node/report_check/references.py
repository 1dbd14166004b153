"""Which instances a report refers to: its evidence, and the reports it replaces (PS3.3 C.17.2)."""

from collections.abc import Iterator, Mapping

from pydicom.dataset import Dataset

from triage_node.report_check.complaint import Complaint, Kind, error, warning
from triage_node.report_check.content_item import ContentItem
from triage_node.report_check.elements import is_valid_uid, items, text

EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
PREDECESSORS = "PredecessorDocumentsSequence"
SR_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
CLAUSE = "PS3.3 C.17.2.3"


def check_references(report: Dataset, root: ContentItem) -> Iterator[Complaint]:
    """Iterate over references that are incomplete, and over instances that the tree names and the evidence does not."""
    for keyword in (*EVIDENCE, PREDECESSORS):
        yield from _check_hierarchy(report, keyword)
    yield from _check_predecessors(report)
    evidence: dict[str, str] = {}
    for keyword in EVIDENCE:
        for instance, sop_class in _instances(report, keyword):
            if instance in evidence:
                yield error(Kind.REFERENCE, CLAUSE, keyword, f"Instance {instance} is there twice.")
            evidence[instance] = sop_class
    yield from _check_tree(root, evidence)


def _check_hierarchy(report: Dataset, keyword: str) -> Iterator[Complaint]:
    """Check that each item names a study, its series and their instances (PS3.3 Tables C.17-3, 10-4)."""
    for study in items(report, keyword):
        yield from _check_uid(study, "StudyInstanceUID", keyword)
        if not items(study, "ReferencedSeriesSequence"):
            yield error(Kind.REFERENCE, "PS3.3 Table C.17-3", keyword, "A study has no series.")
        for series in items(study, "ReferencedSeriesSequence"):
            yield from _check_uid(series, "SeriesInstanceUID", keyword)
            if not items(series, "ReferencedSOPSequence"):
                yield error(Kind.REFERENCE, "PS3.3 Table C.17-3a", keyword, "A series has no instances.")
            for instance in items(series, "ReferencedSOPSequence"):
                yield from _check_uid(instance, "ReferencedSOPClassUID", keyword)
                yield from _check_uid(instance, "ReferencedSOPInstanceUID", keyword)


def _check_uid(ds: Dataset, name: str, keyword: str) -> Iterator[Complaint]:
    uid = text(ds, name)
    if not uid:
        yield error(Kind.REFERENCE, "PS3.3 Table C.17-3a", keyword, f"A reference has no {name}.")
    elif not is_valid_uid(uid):
        yield warning(Kind.REFERENCE, "PS3.5 9.1", keyword, f"{name} {uid!r} is no valid UID.")


def _check_predecessors(report: Dataset) -> Iterator[Complaint]:
    own = text(report, "SOPInstanceUID")
    for instance, sop_class in _instances(report, PREDECESSORS):
        if instance and instance == own:
            yield error(Kind.REFERENCE, "PS3.3 C.17.2", PREDECESSORS, "The report says that it replaces itself.")
        if sop_class and not sop_class.startswith(SR_CLASSES):
            message = f"The replaced {instance} is no Structured Report, but of class {sop_class}."
            yield error(Kind.REFERENCE, "PS3.3 C.17.2", PREDECESSORS, message)


def _check_tree(root: ContentItem, evidence: Mapping[str, str]) -> Iterator[Complaint]:
    for item in root.walk():
        for reference in items(item.dataset, "ReferencedSOPSequence"):
            instance, sop_class = text(reference, "ReferencedSOPInstanceUID"), text(reference, "ReferencedSOPClassUID")
            if not instance:
                continue  # the attributes say so
            if instance not in evidence:
                message = f"Instance {instance} is named here and is not in the evidence."
                yield error(Kind.REFERENCE, CLAUSE, item.path, message)
            elif sop_class != evidence[instance]:
                message = f"Instance {instance} is of class {sop_class} here and {evidence[instance]} in the evidence."
                yield error(Kind.REFERENCE, CLAUSE, item.path, message)


def _instances(report: Dataset, keyword: str) -> Iterator[tuple[str, str]]:
    for study in items(report, keyword):
        for series in items(study, "ReferencedSeriesSequence"):
            for instance in items(series, "ReferencedSOPSequence"):
                yield text(instance, "ReferencedSOPInstanceUID"), text(instance, "ReferencedSOPClassUID")
