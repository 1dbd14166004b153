"""A report as an Imaging Measurement Report that leads a viewer to the slices: PS3.16 TID 1500 under 126000, TID 300.

Viewers take the title 126000 to mean that each measurement group has coordinates: OHIF 3.11 to 3.13 fails on a group
without. The model scores a slice as a whole, so the region that a score is inferred from is the whole slice: that opens
the slice and marks no place in it.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from triage_node.findings import Code, Label
from triage_node.report import codes
from triage_node.report.code_item import code_item
from triage_node.report.content_items import children, coded, descendants, named, number, sequence
from triage_node.report.document import file_meta
from triage_node.report.header import text_of
from triage_node.report.summary import label_of, label_summary
from triage_node.report.uids import hashed_uid, set_uid
from triage_node.report.wording import FINDING_WORDS, NOT_FLAGGED

CONTENT_SEQUENCE = 0x0040A730
STYLE = "measurement"
NUMBER_OFFSET = 10
"""Instance numbers of the two styles differ, where both come into one series."""

Size = tuple[int, int]


@dataclass(frozen=True)
class Place:
    """A measurement group, its score, and the slice the score is inferred from with its columns and rows."""

    label: Label
    group: Dataset
    score: Dataset
    reference: Dataset
    size: Size


def as_measurement_report(report: Dataset) -> Dataset:
    """Return a report in measurement style, under UIDs of its own.

    A label that is not flagged leaves the measurement groups and is told among the qualitative evaluations, with its
    score. A report with nothing to open (not flagged, not analyzed, or the size of a slice is unknown) keeps its tree:
    no viewer opens a measurement report without coordinates.
    """
    styled = copy.deepcopy(report)
    sizes = _sizes(styled)
    answered, others = _parted(named(descendants(styled), codes.MEASUREMENT_GROUP))
    places = [place for group in answered if (place := _place(group, sizes))]
    if places and len(places) == len(answered):
        for order, place in enumerate(places, start=1):
            _open(place, order / (len(places) + 1))
        _rearrange(styled, others)
    _rename(styled)
    return styled


def _parted(groups: Iterable[Dataset]) -> tuple[list[Dataset], list[Dataset]]:
    """Part the groups that were answered from those of labels that are not flagged."""
    answered: list[Dataset] = []
    others: list[Dataset] = []
    for group in groups:
        (others if any(map(_is_not_flagged, children(group))) else answered).append(group)
    return answered, others


def _is_not_flagged(item: Dataset) -> bool:
    return text_of(item, "TextValue") == NOT_FLAGGED


def _sizes(report: Dataset) -> dict[str, Size]:
    """Return columns and rows of the images in the image library, by SOP Instance UID."""
    sizes = {}
    for item in descendants(report):
        measures = [_measure(item, name) for name in (codes.PIXEL_DATA_COLUMNS, codes.PIXEL_DATA_ROWS)]
        for reference in sequence(item, "ReferencedSOPSequence"):
            if all(measures):
                sizes[text_of(reference, "ReferencedSOPInstanceUID")] = (int(measures[0]), int(measures[1]))
    return sizes


def _measure(item: Dataset, name: Code) -> float:
    return next(filter(None, map(number, named(children(item), name))), 0.0)


def _place(group: Dataset, sizes: Mapping[str, Size]) -> Place | None:
    label = label_of(group)
    score = next(named(children(group), codes.CERTAINTY), None)
    images = named(children(group), codes.BEST_ILLUSTRATION)
    for reference in (each for image in images for each in sequence(image, "ReferencedSOPSequence")):
        size = sizes.get(text_of(reference, "ReferencedSOPInstanceUID"))
        if label is not None and score is not None and size is not None:
            return Place(label, group, score, reference, size)
    return None


def _open(place: Place, height: float) -> None:
    """Infer a score from its slice, and say beside it what it is of."""
    _contain(place.score, [_region(place, height)])
    _contain(place.group, [*children(place.group), _comment(place)])


def _region(place: Place, height: float) -> Dataset:
    """TID 320: the border of an image as a closed line, in columns and rows from its corner (PS3.3 C.18.6).

    It begins at another height of the right border for each score: there viewers write what belongs to it, and the
    scores of one slice must not stand on one another.
    """
    columns, rows = place.size
    begin = (columns, round(rows * height))
    image = _item("SELECTED FROM", "IMAGE", codes.SOURCE_OF_MEASUREMENT)
    image.ReferencedSOPSequence = [copy.deepcopy(place.reference)]
    region = _item("INFERRED FROM", "SCOORD", codes.SOURCE_OF_MEASUREMENT)
    region.GraphicType = "POLYLINE"
    region.GraphicData = [*begin, columns, rows, 0, rows, 0, 0, columns, 0, *begin]
    region.ContentSequence = [image]
    return region


def _comment(place: Place) -> Dataset:
    """TID 1501 row 12: a viewer that leads to a slice shows comment and numbers there, and nothing else of a group."""
    comment = _item("CONTAINS", "TEXT", codes.COMMENT)
    comment.TextValue = f"{label_summary(place.label, place.group).text}: {FINDING_WORDS[place.label]}"
    return comment


def _rearrange(report: Dataset, moved: Sequence[Dataset]) -> None:
    """Set the title, and move the groups of labels that are not flagged to the qualitative evaluations."""
    report.ConceptNameCodeSequence = [code_item(codes.IMAGING_MEASUREMENT_REPORT)]
    identities = set(map(id, moved))
    for container in named(children(report), codes.IMAGING_MEASUREMENTS):
        _contain(container, [item for item in children(container) if id(item) not in identities])
    for container in named(children(report), codes.QUALITATIVE_EVALUATIONS):
        _contain(container, [*children(container), *map(_evaluation, moved)])


def _evaluation(group: Dataset) -> Dataset:
    """Return the answer of a group with all else the group holds below it (PS3.16 TID 1500 row 14)."""
    [answer] = filter(_is_not_flagged, children(group))
    properties = [item for item in children(group) if item is not answer]
    for item in properties:
        if text_of(item, "RelationshipType") != "HAS CONCEPT MOD":
            item.RelationshipType = "HAS PROPERTIES"
    own = {_name(item) for item in children(answer)}
    _contain(answer, [*children(answer), *(item for item in properties if _name(item) not in own)])
    return answer


def _name(item: Dataset) -> tuple[str, str] | None:
    code = coded(item, "ConceptNameCodeSequence")
    return (code.value, code.scheme) if code else None


def _item(relationship: str, value_type: str, name: Code) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, value_type
    item.ConceptNameCodeSequence = [code_item(name)]
    return item


def _contain(item: Dataset, contained: Sequence[Dataset]) -> None:
    """Set what an item contains; the attribute of highdicom's items would take nothing but highdicom's items."""
    item.add_new(CONTENT_SEQUENCE, "SQ", list(contained))


def _rename(report: Dataset) -> None:
    """Give the report, and the reports it replaces, the UIDs that they have in this style."""
    report.SOPInstanceUID = _uid(report.SOPInstanceUID)
    report.InstanceNumber += NUMBER_OFFSET
    for study in sequence(report, "PredecessorDocumentsSequence"):
        for series in sequence(study, "ReferencedSeriesSequence"):
            for replaced in sequence(series, "ReferencedSOPSequence"):
                set_uid(replaced, "ReferencedSOPInstanceUID", _uid(replaced.ReferencedSOPInstanceUID))
    report.file_meta = file_meta(report)


def _uid(sop_instance_uid: str) -> str:
    return hashed_uid(STYLE, sop_instance_uid)
