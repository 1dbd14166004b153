"""References to instances in the data sets of normalized objects."""

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from triage_node.imaging import text
from triage_node.ingest import is_uid


class UnusableAttribute(Exception):
    """An attribute that is needed is missing, or is not what it must be; its name is the message."""


def items(ds: Dataset, keyword: str) -> Iterator[Dataset]:
    """Yield the items of a sequence, none when it is missing or empty."""
    value = ds.get(keyword)
    if value is None or value == "":
        return
    if not isinstance(value, Sequence):
        raise UnusableAttribute(keyword)
    yield from value


def uid(ds: Dataset, keyword: str) -> str:
    """Return a UID.

    Raises
    ------
    UnusableAttribute
        It is missing or none.
    """
    value = text(ds, keyword)
    if not is_uid(value):
        raise UnusableAttribute(keyword)
    return value
