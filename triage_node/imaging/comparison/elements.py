"""Do two data sets say the same? However each is encoded: VR, byte order, lengths of sequences, padding, characters."""

import re
import warnings
from collections.abc import Collection
from decimal import Decimal
from typing import Any

import numpy as np
from pydicom import DataElement, Dataset
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS, VR
from pydicom.values import convert_SQ

Element = RawDataElement | DataElement

# Says how the others are encoded, and nothing else (PS3.5 Section 7.2, PS3.3 C.12.1.1.2, PS3.10 Section 7.2).
_OF_ENCODING = frozenset({Tag("SpecificCharacterSet"), Tag("DataSetTrailingPadding"), Tag(0x0008, 0x0001)})
_WORD_BYTES = {
    "US": 2, "SS": 2, "OW": 2, "AT": 2, "US or SS": 2, "OB or OW": 2, "UL": 4, "SL": 4, "FL": 4, "OL": 4, "OF": 4,
    "FD": 8, "OD": 8, "SV": 8, "UV": 8, "OV": 8,
}  # fmt: skip
_VRS = frozenset(one.value for one in VR)
_BYTES = {"OB", "OW", "OB or OW"}
_OF_CHARACTER_SET = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
_ONE_VALUE = {"LT", "ST", "UT", "UR"}
_NUMBERS = {"DS", "IS"}
_TEXT = _OF_CHARACTER_SET | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
# PS3.5 Table 6.2-1 allows 16 characters; Decimal would round what has more than 28 digits.
_DECIMAL = re.compile(r"(?=.{1,24}$)[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_UNDECODABLE = "\ufffd"


def say_the_same(one: Dataset, other: Dataset, without: Collection[BaseTag] = ()) -> bool:
    """Tell whether two data sets have the same elements with the same values; an empty element is like none.

    Parameters
    ----------
    without
        Elements of the outermost level that may differ.
    """
    with warnings.catch_warnings(action="ignore"):
        return _alike(one, other, ["iso8859"], ["iso8859"], frozenset(without))


def _alike(
    one: Dataset, other: Dataset, encodings: list[str], other_encodings: list[str], without: Collection[BaseTag] = ()
) -> bool:
    encodings, other_encodings = _encodings(one, encodings), _encodings(other, other_encodings)
    for tag in set(one.keys()) | set(other.keys()):
        if tag.element == 0 or tag in _OF_ENCODING or tag in without:
            continue
        first, second = (ds.get_item(tag, keep_deferred=True) if tag in ds else None for ds in (one, other))
        if not _same(tag, first, second, encodings, other_encodings):
            return False
    return True


def _same(
    tag: BaseTag, one: Element | None, other: Element | None, encodings: list[str], other_encodings: list[str]
) -> bool:
    vr, other_vr = _vr(tag, one), _vr(tag, other)
    vr = vr or other_vr
    if vr == "SQ":
        items, others = _items(one), _items(other)
        pairs = zip(items, others, strict=False)
        return len(items) == len(others) and all(_alike(*pair, encodings, other_encodings) for pair in pairs)
    first, second = _bytes(one, vr), _bytes(other, vr)
    if first == second:
        return True
    if vr in _TEXT:
        return _text(first, vr, encodings) == _text(second, vr, other_encodings)
    if vr in _BYTES:  # one byte may pad them (PS3.5 Section 8.1.1)
        shorter, longer = sorted((first, second), key=len)
        return longer == shorter + b"\0" and len(longer) % 2 == 0
    return vr is None and first.rstrip(b"\0 ") == second.rstrip(b"\0 ")


def _vr(tag: BaseTag, element: Element | None) -> str | None:
    """Return the VR an element has or the dictionary knows, None when neither."""
    if element is None:
        return None
    if element.VR not in (None, "UN"):
        if element.VR not in _VRS:
            raise ValueError(f"{element.VR!r} is no VR")
        return str(element.VR)
    if isinstance(element, DataElement) and not isinstance(element.value, bytes | None):
        return "SQ"  # items of undefined length whose VR is unknown (PS3.5 Section 6.2.2)
    try:
        return dictionary_VR(tag)
    except KeyError:
        return None


def _items(element: Element | None) -> list[Dataset]:
    if element is None or not element.value:
        return []
    if isinstance(element, DataElement) and not isinstance(element.value, bytes):
        return list(element.value)
    # A sequence that came as UN is implicit and little endian whatever the file is (PS3.5 Section 6.2.2).
    is_explicit = element.VR == "SQ" and not getattr(element, "is_implicit_VR", True)
    is_little = getattr(element, "is_little_endian", True) or not is_explicit
    return list(convert_SQ(element.value, not is_explicit, is_little))


def _bytes(element: Element | None, vr: str | None) -> bytes:
    """Return a value's bytes, little endian."""
    value: Any = b"" if element is None or element.value is None else element.value
    if not isinstance(value, bytes):
        raise TypeError(f"a value of {type(value).__name__} has no bytes to compare")
    words = _WORD_BYTES.get(vr or "", 1)
    if words > 1 and not getattr(element, "is_little_endian", True) and len(value) % words == 0:
        return np.frombuffer(value, f"u{words}").byteswap().tobytes()
    return value


def _encodings(ds: Dataset, of_parent: list[str]) -> list[str]:
    element = ds.get_item("SpecificCharacterSet", keep_deferred=True) if "SpecificCharacterSet" in ds else None
    if element is None or not element.value:
        return of_parent
    value = element.value
    names = value.decode("ascii", "replace").split("\\") if isinstance(value, bytes) else value
    return convert_encodings([name.strip(" \0") for name in ([names] if isinstance(names, str) else names)])


def _text(value: bytes, vr: str, encodings: list[str]) -> list[str] | bytes:
    """Return the values of a text without padding; its bytes when its characters cannot be told."""
    decoded = value.decode("latin-1")
    if vr in _OF_CHARACTER_SET:
        delimiters = PN_DELIMS if vr == "PN" else TEXT_VR_DELIMS
        decoded = decode_bytes(value, encodings, set(delimiters))
        if _UNDECODABLE in decoded:
            return value.rstrip(b"\0 ")
    if vr in _ONE_VALUE:
        return [decoded.rstrip(" \0")]
    values = [one.strip(" \0") for one in decoded.split("\\")]
    if vr in _NUMBERS:
        return [_number(one) for one in values]
    return (
        ["=".join(group.rstrip("^ ") for group in one.split("=")).rstrip("=") for one in values]
        if vr == "PN"
        else values
    )


def _number(value: str) -> str:
    """Return a number as it is always written: 1.50, 1.5 and +15e-1 are the same; what is none stays as it is."""
    return str(Decimal(value).normalize() + 0) if _DECIMAL.fullmatch(value) else value
