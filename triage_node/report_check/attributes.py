"""What each content item must hold for its value type (PS3.3 C.17.3.2, C.18), and how codes are written (8.8)."""

from collections.abc import Callable, Iterator, Mapping

from pydicom.dataset import Dataset

from triage_node.report_check.complaint import Complaint, Kind, error, warning
from triage_node.report_check.content_item import ContentItem, unit_of
from triage_node.report_check.elements import is_valid_uid, items, number, text, texts, unreadable

VALUE_ELEMENT = {
    "TEXT": ("TextValue", "PS3.3 C.18.7"),
    "CODE": ("ConceptCodeSequence", "PS3.3 C.18.2"),
    "UIDREF": ("UID", "PS3.3 C.17.3.2.1"),
    "PNAME": ("PersonName", "PS3.3 C.17.3.2.1"),
    "DATE": ("Date", "PS3.3 C.17.3.2.1"),
    "TIME": ("Time", "PS3.3 C.17.3.2.1"),
    "DATETIME": ("DateTime", "PS3.3 C.17.3.2.1"),
    "IMAGE": ("ReferencedSOPSequence", "PS3.3 C.18.4"),
    "COMPOSITE": ("ReferencedSOPSequence", "PS3.3 C.18.3"),
    "WAVEFORM": ("ReferencedSOPSequence", "PS3.3 C.18.5"),
    "SCOORD": ("GraphicType", "PS3.3 C.18.6"),
    "SCOORD3D": ("GraphicType", "PS3.3 C.18.9"),
    "TCOORD": ("TemporalRangeType", "PS3.3 C.18.7"),
    "CONTAINER": ("ContinuityOfContent", "PS3.3 C.18.8"),
}
"""The element that holds a value, and where the Standard says so; that of NUM may be empty (C.18.1)."""

NAMED = frozenset({"TEXT", "CODE", "NUM", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME"})
"""Value types whose concept name may not be absent (PS3.3 C.17.3.2.2)."""

CODE_SEQUENCES = ("ConceptNameCodeSequence", "ConceptCodeSequence", "NumericValueQualifierCodeSequence")
LONGEST_CODE_VALUE = 16


def check_attributes(root: ContentItem) -> Iterator[Complaint]:
    """Iterate over items that lack what their value type demands, or hold what cannot be."""
    for item in root.walk():
        for tag in unreadable(item.dataset):
            yield error(Kind.UNREADABLE, "PS3.5 7", item.path, f"The element {tag} cannot be read.")
        if item.target:
            continue
        yield from _check_name(item, item is root)
        yield from _check_value(item)
        for sequence in _code_sequences(item.dataset):
            yield from _check_codes(item, sequence)


def _check_name(item: ContentItem, is_root: bool) -> Iterator[Complaint]:
    if item.name is None and (is_root or item.value_type in NAMED):
        message = "It has no Concept Name Code Sequence (0040,A043)."
        yield error(Kind.ATTRIBUTE, "PS3.3 C.17.3.2.2", item.path, message)


def _check_value(item: ContentItem) -> Iterator[Complaint]:
    keyword, clause = VALUE_ELEMENT.get(item.value_type, ("", ""))
    if keyword and not (items(item.dataset, keyword) or text(item.dataset, keyword)):
        yield error(Kind.ATTRIBUTE, clause, item.path, f"This {item.value_type} has no {keyword}.")
        return
    check = CHECKS.get(item.value_type)
    if check is not None:
        yield from check(item)


def _check_measurement(item: ContentItem) -> Iterator[Complaint]:
    if "MeasuredValueSequence" not in item.dataset:
        yield error(Kind.ATTRIBUTE, "PS3.3 C.18.1", item.path, "This NUM has no MeasuredValueSequence.")
    for measured in items(item.dataset, "MeasuredValueSequence"):
        shown = text(measured, "NumericValue")
        if number(shown) is None:
            yield error(Kind.ATTRIBUTE, "PS3.3 C.18.1", item.path, f"Its value {shown!r} is no number.")
        if unit_of(item) is None:
            yield error(Kind.ATTRIBUTE, "PS3.3 C.18.1", item.path, "It has no unit.")


def _check_uid(item: ContentItem) -> Iterator[Complaint]:
    uid = text(item.dataset, "UID")
    if not is_valid_uid(uid):
        yield warning(Kind.VALUE, "PS3.5 9.1", item.path, f"{uid!r} is no valid UID.")


def _check_reference(item: ContentItem) -> Iterator[Complaint]:
    references = items(item.dataset, "ReferencedSOPSequence")
    if len(references) != 1:
        message = f"It refers to {len(references)} instances, not to one."
        yield error(Kind.ATTRIBUTE, "PS3.3 C.18.3", item.path, message)
    for reference in references:
        for keyword in ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"):
            if not text(reference, keyword):
                yield error(Kind.ATTRIBUTE, "PS3.3 Table 10-11", item.path, f"The reference has no {keyword}.")
        if any(number(frame) is None for frame in texts(reference, "ReferencedFrameNumber")):
            yield error(Kind.ATTRIBUTE, "PS3.3 Table 10-3", item.path, "A frame number is no number.")


def _check_coordinates(item: ContentItem) -> Iterator[Complaint]:
    if not texts(item.dataset, "GraphicData"):
        yield error(Kind.ATTRIBUTE, "PS3.3 C.18.6", item.path, f"This {item.value_type} has no GraphicData.")
    if item.value_type == "SCOORD3D" and not text(item.dataset, "ReferencedFrameOfReferenceUID"):
        yield error(Kind.ATTRIBUTE, "PS3.3 C.18.9", item.path, "It has no ReferencedFrameOfReferenceUID.")


def _check_continuity(item: ContentItem) -> Iterator[Complaint]:
    continuity = text(item.dataset, "ContinuityOfContent")
    if continuity not in {"SEPARATE", "CONTINUOUS"}:
        yield error(Kind.VALUE, "PS3.3 C.18.8", item.path, f"Continuity of Content is {continuity!r}.")


CHECKS: Mapping[str, Callable[[ContentItem], Iterator[Complaint]]] = {
    "NUM": _check_measurement,
    "UIDREF": _check_uid,
    "IMAGE": _check_reference,
    "COMPOSITE": _check_reference,
    "WAVEFORM": _check_reference,
    "SCOORD": _check_coordinates,
    "SCOORD3D": _check_coordinates,
    "CONTAINER": _check_continuity,
}


def _code_sequences(ds: Dataset) -> Iterator[tuple[Dataset, ...]]:
    yield from (items(ds, keyword) for keyword in CODE_SEQUENCES)
    yield from (items(measured, "MeasurementUnitsCodeSequence") for measured in items(ds, "MeasuredValueSequence"))


def _check_codes(item: ContentItem, sequence: tuple[Dataset, ...]) -> Iterator[Complaint]:
    """Check how a code is written (PS3.3 8.8): one item, with value, scheme and meaning."""
    if len(sequence) > 1:
        yield error(Kind.ATTRIBUTE, "PS3.3 8.8", item.path, f"A code sequence has {len(sequence)} items, not one.")
    for code in sequence:
        values = [name for name in ("CodeValue", "LongCodeValue", "URNCodeValue") if text(code, name)]
        if len(values) != 1:
            yield error(Kind.ATTRIBUTE, "PS3.3 8.1", item.path, f"A code has {len(values)} values, not one.")
        elif len(text(code, "CodeValue")) > LONGEST_CODE_VALUE:
            message = f"A Code Value is longer than {LONGEST_CODE_VALUE} characters: it belongs into Long Code Value."
            yield error(Kind.ATTRIBUTE, "PS3.3 8.1", item.path, message)
        if values != ["URNCodeValue"] and not text(code, "CodingSchemeDesignator"):
            yield error(Kind.ATTRIBUTE, "PS3.3 8.2", item.path, "A code has no coding scheme.")
        if not text(code, "CodeMeaning"):
            yield error(Kind.ATTRIBUTE, "PS3.3 8.3", item.path, "A code has no meaning.")
