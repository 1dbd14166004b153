"""Elements of a data set that anybody may have written: as printable text, as items, or as not there."""

import math
import re
import struct

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises on values that are not what their VR says, and on items that end in their midst."""

VALID_UID = re.compile(r"(?=.{1,64}$)[0-2](\.(0|[1-9]\d*))+", re.ASCII)
"""PS3.5 9.1."""


def texts(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the values of an element as printable text without padding, none when it is absent or unreadable."""
    value = _value(ds, keyword)
    if value is None or isinstance(value, Sequence):
        return ()
    values = value if isinstance(value, MultiValue | list) else [value]
    return tuple(_printable(str(each)) for each in values)


def text(ds: Dataset, keyword: str) -> str:
    """Return the first value of an element as printable text, empty when it is absent or unreadable."""
    return next(iter(texts(ds, keyword)), "")


def items(ds: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence, none when it is absent or is no sequence."""
    value = _value(ds, keyword)
    return tuple(value) if isinstance(value, Sequence) else ()


def unreadable(ds: Dataset) -> tuple[str, ...]:
    """Return the tags of the elements that cannot be read."""
    return tuple(str(tag) for tag in tuple(ds.keys()) if not _is_readable(ds, tag))


def _is_readable(ds: Dataset, tag: BaseTag) -> bool:
    try:
        ds[tag]
    except UNREADABLE:
        return False
    return True


def number(shown: str) -> float | None:
    """Return a finite number, None when the text is none."""
    try:
        value = float(shown)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def is_valid_uid(uid: str) -> bool:
    """Tell whether a UID keeps PS3.5 9.1."""
    return VALID_UID.fullmatch(uid) is not None


def _value(ds: Dataset, keyword: str) -> object:
    try:
        return ds.get(keyword)
    except UNREADABLE:
        return None


def _printable(value: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in value.strip("\0 "))
