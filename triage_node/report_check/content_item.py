"""The content tree of a report, read once, bounded, and tolerant of what is missing (PS3.3 C.17.3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from triage_node.report_check.elements import items, text, texts

DEEPEST = 32
"""Levels below the root; TID 1500 has at most six."""
MOST_ITEMS = 100_000
"""Content items of a report; an image library of a large study has a few for each image."""


class TooLarge(Exception):
    """The content tree is deeper or larger than any report."""


@dataclass(frozen=True, eq=False)
class ContentItem:
    """A content item with all below it.

    Attributes
    ----------
    position
        The numbers of the item and its ancestors among their siblings, from 1; ``(1,)`` is the root.
    names
        The meanings of their concept names.
    target
        The position of the item that this one stands for, when it is a reference (by-reference relationship).
    """

    dataset: Dataset
    position: tuple[int, ...]
    names: tuple[str, ...]
    relationship: str
    value_type: str
    name: Code | None
    value: Code | None
    children: tuple["ContentItem", ...] = ()
    target: tuple[int, ...] = field(default=())

    @property
    def path(self) -> str:
        """Return where it is, as ``1.4.2 Imaging Measurements > Measurement Group``."""
        below_root = self.names[1:] or self.names
        return f"{'.'.join(map(str, self.position))} {' > '.join(below_root)}"

    def walk(self) -> Iterator["ContentItem"]:
        """Iterate over the item and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


def content_tree(report: Dataset) -> ContentItem:
    """Return the root of a report.

    Raises
    ------
    TooLarge
        The tree is deeper or has more items than any report.
    """
    return _item(report, (1,), (), _Count())


class _Count:
    """How many items were read."""

    def __init__(self) -> None:
        self.items = 0

    def another(self, depth: int) -> None:
        self.items += 1
        if depth > DEEPEST + 1:
            raise TooLarge(f"The content tree is deeper than {DEEPEST} levels; what lies below is not checked.")
        if self.items > MOST_ITEMS:
            raise TooLarge(f"The content tree has more than {MOST_ITEMS} items.")


def _item(ds: Dataset, position: tuple[int, ...], above: tuple[str, ...], count: _Count) -> ContentItem:
    count.another(len(position))
    name = code_in(ds, "ConceptNameCodeSequence")
    target = tuple(int(number) for number in texts(ds, "ReferencedContentItemIdentifier") if number.isdecimal())
    value_type = text(ds, "ValueType")
    names = (*above, _shown_name(name, value_type, target))
    children = enumerate(items(ds, "ContentSequence"), start=1)
    return ContentItem(
        dataset=ds,
        position=position,
        names=names,
        relationship=text(ds, "RelationshipType"),
        value_type=value_type,
        name=name,
        value=code_in(ds, "ConceptCodeSequence"),
        children=tuple(_item(child, (*position, number), names, count) for number, child in children),
        target=target,
    )


def code_in(ds: Dataset, keyword: str) -> Code | None:
    """Return the first code of a code sequence (PS3.3 8.8), None when there is none."""
    for entry in items(ds, keyword):
        values = (text(entry, name) for name in ("CodeValue", "LongCodeValue", "URNCodeValue"))
        value = next(filter(None, values), "")
        return Code(value, text(entry, "CodingSchemeDesignator"), text(entry, "CodeMeaning"))
    return None


def unit_of(item: ContentItem) -> Code | None:
    """Return the unit of a NUM, None when it has none."""
    for measured in items(item.dataset, "MeasuredValueSequence"):
        return code_in(measured, "MeasurementUnitsCodeSequence")
    return None


def _shown_name(name: Code | None, value_type: str, target: tuple[int, ...]) -> str:
    if target:
        return f"reference to {'.'.join(map(str, target))}"
    if name is None:
        return value_type or "item without value type"
    return name.meaning or name.value or value_type
