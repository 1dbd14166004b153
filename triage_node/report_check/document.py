"""The document around the content tree: SR Document Series and SR Document General (PS3.3 C.17.1, C.17.2)."""

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID

from triage_node.report_check.complaint import Complaint, Kind, error, warning
from triage_node.report_check.content_item import ContentItem
from triage_node.report_check.elements import items, text

ENUMERATED = {
    "Modality": ("PS3.3 C.17.1", ("SR",)),
    "CompletionFlag": ("PS3.3 C.17.2", ("PARTIAL", "COMPLETE")),
    "VerificationFlag": ("PS3.3 C.17.2", ("UNVERIFIED", "VERIFIED")),
}
OPTIONAL = {"PreliminaryFlag": ("PS3.3 C.17.2", ("PRELIMINARY", "FINAL"))}

NOT_EMPTY = {
    "SOPInstanceUID": "PS3.3 C.12.1",
    "StudyInstanceUID": "PS3.3 C.7.2.1",
    "SeriesInstanceUID": "PS3.3 C.17.1",
    "SeriesNumber": "PS3.3 C.17.1",
    "InstanceNumber": "PS3.3 C.17.2",
    "ContentDate": "PS3.3 C.17.2",
    "ContentTime": "PS3.3 C.17.2",
}
THERE = {
    "ReferencedPerformedProcedureStepSequence": "PS3.3 C.17.1",
    "PerformedProcedureCodeSequence": "PS3.3 C.17.2",
    "PatientName": "PS3.3 C.7.1.1",
    "PatientID": "PS3.3 C.7.1.1",
}
"""Elements of type 2: they may be empty, not absent."""

OBSERVER_ELEMENTS = ("AuthorObserverSequence", "VerifyingObserverSequence")
OBSERVER_NAMES = tuple(Code(value, "DCM", "") for value in ("121005", "121008", "121012"))


def check_document(report: Dataset, root: ContentItem) -> Iterator[Complaint]:
    """Iterate over what is wrong around the content tree."""
    yield from _check_presence(report)
    yield from _check_values(report)
    yield from _check_verification(report)
    yield from _check_template(report)
    yield from _check_schemes(report, root)


def check_observer(report: Dataset, root: ContentItem) -> Iterator[Complaint]:
    """Check that somebody is named who observed: in the tree, or in the header, which the tree inherits from.

    Only a template with TID 1001 demands it.
    """
    named = any(child.name in OBSERVER_NAMES for child in root.children if child.name is not None)
    if not named and not any(items(report, keyword) for keyword in OBSERVER_ELEMENTS):
        message = "Nobody is named as observer, neither here (TID 1002) nor in an Author Observer Sequence."
        yield error(Kind.MISSING, "PS3.16 TID 1001 row 1", root.path, message)


def _check_presence(report: Dataset) -> Iterator[Complaint]:
    for keyword, clause in NOT_EMPTY.items():
        if not text(report, keyword):
            yield error(Kind.HEADER, clause, keyword, f"{keyword} is missing or empty.")
    for keyword, clause in THERE.items():
        if keyword not in report:
            yield error(Kind.HEADER, clause, keyword, f"{keyword} is missing; it may be empty (type 2).")


def _check_values(report: Dataset) -> Iterator[Complaint]:
    for keyword, (clause, values) in (ENUMERATED | OPTIONAL).items():
        value = text(report, keyword)
        if value not in values and (value or keyword in ENUMERATED):
            yield error(Kind.HEADER, clause, keyword, f"{keyword} is {value!r}, not {' or '.join(values)}.")


def _check_verification(report: Dataset) -> Iterator[Complaint]:
    verified = text(report, "VerificationFlag") == "VERIFIED"
    if verified != bool(items(report, "VerifyingObserverSequence")):
        message = "VERIFIED goes with a Verifying Observer Sequence, and only with one."
        yield error(Kind.HEADER, "PS3.3 C.17.2", "VerificationFlag", message)


def _check_template(report: Dataset) -> Iterator[Complaint]:
    """Check how the root names its template; whether there is a table of that is asked elsewhere."""
    for entry in items(report, "ContentTemplateSequence"):
        if text(entry, "MappingResource") != "DCMR":
            message = f"MappingResource is {text(entry, 'MappingResource')!r}, not DCMR."
            yield error(Kind.HEADER, "PS3.3 C.18.8", "ContentTemplateSequence", message)


def _check_schemes(report: Dataset, root: ContentItem) -> Iterator[Complaint]:
    """Check that a private coding scheme is explained (PS3.3 C.12.1, Coding Scheme Identification Sequence)."""
    explained = {text(entry, "CodingSchemeDesignator") for entry in items(report, "CodingSchemeIdentificationSequence")}
    codes = (code for item in root.walk() for code in (item.name, item.value) if code is not None)
    private = {code.scheme_designator for code in codes if code.scheme_designator.startswith("99")}
    for scheme in sorted(private - explained):
        message = f"The private coding scheme {scheme!r} is not explained in CodingSchemeIdentificationSequence."
        yield warning(Kind.HEADER, "PS3.3 C.12.1", root.path, message)


def class_name(report: Dataset) -> str:
    """Return what kind of object it is, in words."""
    uid = text(report, "SOPClassUID")
    return UID(uid).name if uid else "without SOP Class UID"
