"""The images that the report names, described so that a viewer finds and places them: PS3.16 TID 1600 Image Library."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    ImageContentItem,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
    UIDRefContentItem,
)
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from triage_node.findings import Code, Decision
from triage_node.report import codes
from triage_node.report.content import BestSlice, ReportContent
from triage_node.report.evidence import sop_reference
from triage_node.report.group import concept
from triage_node.report.header import identifier, read, text_of, uid_of
from triage_node.report.uids import set_uid

CONTAINS = RelationshipTypeValues.CONTAINS
HAS_ACQ_CONTEXT = RelationshipTypeValues.HAS_ACQ_CONTEXT

# What is measured, its element, which of the element's values, and the unit (TID 1602 rows 11 and 12, TID 1604).
MEASURES: tuple[tuple[Code, str, int, Code], ...] = (
    (codes.PIXEL_DATA_ROWS, "Rows", 0, codes.PIXELS),
    (codes.PIXEL_DATA_COLUMNS, "Columns", 0, codes.PIXELS),
    (codes.HORIZONTAL_PIXEL_SPACING, "PixelSpacing", 1, codes.MILLIMETER),
    (codes.VERTICAL_PIXEL_SPACING, "PixelSpacing", 0, codes.MILLIMETER),
    (codes.SLICE_THICKNESS, "SliceThickness", 0, codes.MILLIMETER),
)


def image_library(content: ReportContent) -> ContentItem:
    """Return the image library (TID 1600), a group a series.

    Only images that the report names are entries. The evidence names all others, and 300 entries would be most of the
    object. Without entries a group still says which series was looked at.
    """
    named = {(best.sop_instance_uid, best.frame_number): best for best in _named_slices(content)}
    entries: dict[str, list[ContentItem]] = defaultdict(list)
    headers = {text_of(source, "SOPInstanceUID"): source for source in content.sources}
    for best in named.values():
        if best.sop_instance_uid in headers:
            source = headers[best.sop_instance_uid]
            entries[uid_of(source, "SeriesInstanceUID")].append(_entry(best, source))
    series = {uid_of(source, "SeriesInstanceUID"): source for source in content.sources}
    return _container(codes.IMAGE_LIBRARY, [_group(uid, series[uid], entries[uid]) for uid in sorted(series)])


def _named_slices(content: ReportContent) -> Iterator[BestSlice]:
    if content.prediction is None:
        return
    for label, best in content.best_slices.items():
        if content.decision_for(label) is not Decision.NOT_FLAGGED:
            yield best


def _group(series_instance_uid: str, source: Dataset, entries: list[ContentItem]) -> ContentItem:
    """TID 1600 rows 2 to 4: what is true of the whole series stands with the group."""
    items: list[ContentItem] = []
    if text_of(source, "Modality") == codes.CT.value:
        items.append(CodeContentItem(concept(codes.MODALITY), concept(codes.CT), HAS_ACQ_CONTEXT))
    if series_instance_uid:
        items.append(_uid(codes.SERIES_INSTANCE_UID, series_instance_uid))
    return _container(codes.IMAGE_LIBRARY_GROUP, [*items, *entries])


def _entry(best: BestSlice, source: Dataset) -> ContentItem:
    """TID 1601, with a concept name: OHIF shows no report that has an item without one."""
    item = ImageContentItem(concept(codes.SOURCE), best.sop_class_uid, "2.25.0", relationship_type=CONTAINS)
    item.ReferencedSOPSequence = [sop_reference(best.sop_class_uid, best.sop_instance_uid, best.frame_number)]
    return _holding(item, list(_descriptors(source)))


def _descriptors(source: Dataset) -> Iterator[ContentItem]:
    """TID 1602 rows 10 to 12a."""
    if frame_of_reference := uid_of(source, "FrameOfReferenceUID"):
        yield _uid(codes.FRAME_OF_REFERENCE_UID, frame_of_reference)
    for name, keyword, index, unit in MEASURES:
        value = _number(source, keyword, index)
        if value is not None:
            yield NumContentItem(concept(name), value, concept(unit), relationship_type=HAS_ACQ_CONTEXT)
    if number := identifier(source, "InstanceNumber", 12):
        yield TextContentItem(concept(codes.INSTANCE_NUMBER), number, HAS_ACQ_CONTEXT)


def _number(source: Dataset, keyword: str, index: int) -> float | int | None:
    """Return one value of an element, None where there is no positive number."""
    value = read(source, keyword)
    values = list(value) if isinstance(value, MultiValue | list) else [value]
    try:
        number = round(float(values[index]), 6)
    except (IndexError, TypeError, ValueError, OverflowError):
        return None
    if not 0 < number < 1e6:
        return None
    return int(number) if number.is_integer() else number


def _uid(name: Code, uid: str) -> ContentItem:
    item = UIDRefContentItem(concept(name), "2.25.0", HAS_ACQ_CONTEXT)
    set_uid(item, "UID", uid)
    return item


def _container(name: Code, items: Sequence[ContentItem]) -> ContentItem:
    container = ContainerContentItem(concept(name), is_content_continuous=False, relationship_type=CONTAINS)
    return _holding(container, items)


def _holding(item: ContentItem, items: Sequence[ContentItem]) -> ContentItem:
    """Set what an item holds, if it is anything: an empty sequence is not allowed (PS3.3 C.17.3.2.4)."""
    if items:
        item.ContentSequence = ContentSequence(items)
    return item
