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

from triage_node.findings import Code
from triage_node.report import codes
from triage_node.report.content import BestSlice, ReportContent
from triage_node.report.evidence import sop_reference
from triage_node.report.group import concept
from triage_node.report.header import identifier, read, text_of, uid_of
from triage_node.report.uids import set_uid

CONTAINS = RelationshipTypeValues.CONTAINS
HAS_ACQ_CONTEXT = RelationshipTypeValues.HAS_ACQ_CONTEXT

# What is measured, its element, which of the element's values, and the unit.
SIZES: tuple[tuple[Code, str, int, Code], ...] = (
    (codes.PIXEL_DATA_ROWS, "Rows", 0, codes.PIXELS),
    (codes.PIXEL_DATA_COLUMNS, "Columns", 0, codes.PIXELS),
)
SPACINGS: tuple[tuple[Code, str, int, Code], ...] = (
    (codes.HORIZONTAL_PIXEL_SPACING, "PixelSpacing", 1, codes.MILLIMETER),
    (codes.VERTICAL_PIXEL_SPACING, "PixelSpacing", 0, codes.MILLIMETER),
    (codes.SLICE_THICKNESS, "SliceThickness", 0, codes.MILLIMETER),
)


def image_library(content: ReportContent) -> Iterator[ContentItem]:
    """Yield the image library (TID 1600), a group a series; none where no image can be named.

    Entries are the images that the report names; of a series of which it names none, one that stands for it. The
    evidence names all others, and 300 entries would be most of the object.
    """
    groups = [_group(series, entries) for series, entries in sorted(_entries(content).items())]
    if groups:
        yield _container(codes.IMAGE_LIBRARY, groups)


def _entries(content: ReportContent) -> dict[str, list[ContentItem]]:
    """Return the entries of each series, by its Series Instance UID."""
    sources = dict(sorted(zip(content.instances, content.sources, strict=True), key=lambda pair: pair[0]))
    by_uid = {each.sop_instance_uid: (each, source) for each, source in sources.items() if each.sop_instance_uid}
    entries: dict[str, list[ContentItem]] = defaultdict(list)
    for best in _named_slices(content):
        if best.sop_instance_uid in by_uid:
            instance, source = by_uid[best.sop_instance_uid]
            entries[instance.series_instance_uid].append(_entry(best, source))
    for instance, source in by_uid.values():
        if instance.series_instance_uid not in entries:
            first = BestSlice(instance.sop_instance_uid, instance.sop_class_uid)
            entries[instance.series_instance_uid].append(_entry(first, source))
    return entries


def _named_slices(content: ReportContent) -> Iterator[BestSlice]:
    """Yield the slices that the report names, each once."""
    if content.prediction is None:
        return
    raised = {*content.prediction.flagged, *content.prediction.uncertain}
    yield from dict.fromkeys(best for label, best in content.best_slices.items() if label in raised)


def _group(series_instance_uid: str, entries: list[ContentItem]) -> ContentItem:
    """TID 1600 rows 2 to 4: what is true of the whole series stands with the group."""
    series = [_uid(codes.SERIES_INSTANCE_UID, series_instance_uid)] if series_instance_uid else []
    return _container(codes.IMAGE_LIBRARY_GROUP, [*series, *entries])


def _entry(image: BestSlice, source: Dataset) -> ContentItem:
    """TID 1601, with a concept name: OHIF shows no report that has an item without one."""
    reference = sop_reference(image.sop_class_uid, image.sop_instance_uid, image.frame_number)
    sop_class_uid = reference.ReferencedSOPClassUID
    item = ImageContentItem(concept(codes.SOURCE), sop_class_uid, "2.25.0", relationship_type=CONTAINS)
    item.ReferencedSOPSequence = [reference]
    return _holding(item, list(_descriptors(source)))


def _descriptors(source: Dataset) -> Iterator[ContentItem]:
    """TID 1602 rows 1 and 10 to 12a, TID 1604."""
    if text_of(source, "Modality") == codes.CT.value:
        yield CodeContentItem(concept(codes.MODALITY), concept(codes.CT), HAS_ACQ_CONTEXT)
    if frame_of_reference := uid_of(source, "FrameOfReferenceUID"):
        yield _uid(codes.FRAME_OF_REFERENCE_UID, frame_of_reference)
    yield from _measures(source, SIZES)
    if number := identifier(source, "InstanceNumber", 12):
        yield TextContentItem(concept(codes.INSTANCE_NUMBER), number, HAS_ACQ_CONTEXT)
    yield from _measures(source, SPACINGS)


def _measures(source: Dataset, measures: tuple[tuple[Code, str, int, Code], ...]) -> Iterator[ContentItem]:
    for name, keyword, index, unit in measures:
        value = _number(source, keyword, index)
        if value is not None:
            yield NumContentItem(concept(name), value, concept(unit), relationship_type=HAS_ACQ_CONTEXT)


def _number(source: Dataset, keyword: str, index: int) -> float | int | None:
    """Return one value of an element, None where there is no positive number."""
    value = read(source, keyword)
    values = list(value) if isinstance(value, MultiValue | list) else [value]
    try:
        number = round(float(str(values[index])), 6)
    except (IndexError, ValueError):
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
