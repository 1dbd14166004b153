"""Reading a content tree, tolerant of what others write (PS3.3 C.17.3)."""

from collections.abc import Iterator
from contextlib import suppress

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from triage_node.findings import Code
from triage_node.report.header import read, text_of

DEEPEST = 32
"""Levels below the root that are read; our own reports have four."""


def children(item: Dataset) -> Iterator[Dataset]:
    """Iterate over the content items right below an item."""
    yield from sequence(item, "ContentSequence")


def descendants(item: Dataset, depth: int = DEEPEST) -> Iterator[Dataset]:
    """Iterate over all content items below an item, in document order, no deeper than a sane report goes."""
    for child in children(item):
        yield child
        if depth > 1:
            yield from descendants(child, depth - 1)


def named(items: Iterator[Dataset], name: Code) -> Iterator[Dataset]:
    """Iterate over the items with a concept name; meanings are not compared (PS3.3 8.3)."""
    return (item for item in items if same_code(coded(item, "ConceptNameCodeSequence"), name))


def coded(item: Dataset, keyword: str) -> Code | None:
    """Return the code in a code sequence (PS3.3 8.8), None when there is none."""
    for entry in sequence(item, keyword):
        values = (text_of(entry, name) for name in ("CodeValue", "LongCodeValue", "URNCodeValue"))
        value = next(filter(None, values), "")
        return Code(value, text_of(entry, "CodingSchemeDesignator"), text_of(entry, "CodeMeaning"))
    return None


def same_code(one: Code | None, other: Code) -> bool:
    """Tell whether two codes are the same concept, whatever their meaning says."""
    return one is not None and (one.value, one.scheme) == (other.value, other.scheme)


def number(item: Dataset) -> float | None:
    """Return the value of a NUM item, None when it has none."""
    for measured in sequence(item, "MeasuredValueSequence"):
        with suppress(ValueError):
            return float(text_of(measured, "NumericValue"))
    return None


def sequence(ds: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence, none when it is absent or is no sequence."""
    value = read(ds, keyword)
    return tuple(value) if isinstance(value, Sequence) else ()
