"""Values of a header that may hold anything: read as text, numbers or items, or as not there at all.

Elements are taken from their bytes, not through pydicom's value classes, which warn or raise for what peers really
send: UIDs with letters, decimal strings that are no numbers, the wrong VR.
"""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache

import numpy as np
from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag, Tag

_BINARY = {"US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "FL": "f4", "FD": "f8", "US or SS": "u2"}
_MOST_CHARACTERS = 4096
_LARGEST_NUMBER = 1e9
_NOTHING = Dataset()
_NO_DIGIT = re.compile(r"\D")


@lru_cache(maxsize=512)
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def _element(header: Dataset, keyword: str) -> RawDataElement | DataElement | None:
    """Return an element as it was read; an empty one of no VR of the Standard cannot be made anything else."""
    return header.get_item(_tag(keyword), keep_deferred=True)


def texts(header: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the values of an element as stripped text; empty when absent or empty."""
    element = _element(header, keyword)
    if element is None or element.value is None:
        return ()
    value = element.value
    joined = _decoded(header, keyword, value) if isinstance(value, bytes) else _joined(value)
    values = tuple(value.strip(" \0") for value in joined[:_MOST_CHARACTERS].split("\\"))
    return values if any(values) else ()


def text(header: Dataset, keyword: str) -> str:
    """Return the first value of an element as stripped text, "" when absent."""
    values = texts(header, keyword)
    return values[0] if values else ""


def numbers(header: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Return exactly `count` finite numbers, None when the element does not hold them."""
    try:
        values = tuple(float(value) for value in _scalars(header, keyword))
    except (TypeError, ValueError):
        return None
    usable = len(values) == count and all(math.isfinite(value) and abs(value) <= _LARGEST_NUMBER for value in values)
    return values if usable else None


def number(header: Dataset, keyword: str) -> float | None:
    """Return the first value as a finite number, None when it is none."""
    try:
        value = float(next(iter(_scalars(header, keyword)), math.nan))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) and abs(value) <= _LARGEST_NUMBER else None


def whole(header: Dataset, keyword: str) -> int | None:
    """Return the first value as an integer, None when it is none."""
    value = number(header, keyword)
    return int(value) if value is not None and value.is_integer() else None


def day(header: Dataset, keyword: str) -> date | None:
    """Return a DA value, also as ``yyyy.mm.dd`` (PS3.5 Table 6.2-1) or the like, None when it is no date."""
    try:
        return datetime.strptime(_NO_DIGIT.sub("", text(header, keyword))[:8], "%Y%m%d").date()
    except ValueError:
        return None


def items(header: Dataset, keyword: str) -> Sequence[Dataset]:
    """Return the items of a sequence, none when it is absent or cannot be parsed."""
    if _tag(keyword) not in header:
        return ()
    try:
        value = header.get(keyword)
    except Exception:  # parsing a peer's nested bytes: pydicom raises anything from struct.error to RecursionError
        return ()
    return [item for item in value if isinstance(item, Dataset)] if isinstance(value, Sequence) else ()


def item(header: Dataset, keyword: str) -> Dataset:
    """Return the first item of a sequence, an empty data set, which nobody fills, when there is none."""
    found = items(header, keyword)
    return found[0] if found else _NOTHING


def _joined(value: object) -> str:
    if isinstance(value, Items):  # a peer put items where text belongs; printed, they would be all that they hold
        return ""
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return "\\".join(map(str, value)) if is_list else str(value)  # type: ignore[call-overload]


def _scalars(header: Dataset, keyword: str) -> Sequence[float | str]:
    element = _element(header, keyword)
    if element is None:
        return ()
    if isinstance(element.value, bytes) and (dtype := _BINARY.get(_vr(element))):
        order = "<" if getattr(element, "is_little_endian", True) else ">"
        usable = len(element.value) // np.dtype(dtype).itemsize * np.dtype(dtype).itemsize
        return list(np.frombuffer(element.value[: min(usable, _MOST_CHARACTERS)], order + dtype).tolist())
    if isinstance(element.value, int | float):
        return (element.value,)
    return [_with_point(value) for value in texts(header, keyword)]


def _with_point(value: str) -> str:
    """Return a decimal string with the point PS3.5 Table 6.2-1 asks for; some write the comma of their country."""
    return value.replace(",", ".") if "." not in value and value.count(",") == 1 else value


def _vr(element: RawDataElement | DataElement) -> str:
    if element.VR and element.VR != "UN":
        return element.VR
    try:
        return dictionary_VR(element.tag)
    except KeyError:
        return "UN"


def _decoded(header: Dataset, keyword: str, value: bytes) -> str:
    # An escape (PS3.5 6.1.2.5) calls another character set, whose characters may be bytes of ASCII.
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    try:
        return _joined(header.get(keyword))
    except Exception:  # an unknown or wrong Specific Character Set must not hide the series
        return value.decode("latin-1")
