"""Wanted elements of a header that is in memory, found without looking at the others.

pydicom makes an object of each element it passes, and reads them a few bytes at a time; of an instance that comes in
that is a quarter of the work. Only what is written by the book is read here; all else is left to pydicom.
"""

import io
import struct
from collections.abc import Mapping, MutableSequence
from functools import lru_cache

from pydicom import DataElement, Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element, empty_value_for_VR
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

from triage_node.imaging.pixel_element import PIXEL_TAGS, UNDEFINED_LENGTH

WINDOW_BYTES = 64 << 10
"""So much of a file is looked at; a header that is longer is left to pydicom."""
DEEPEST = 16

_EXPLICIT, _IMPLICIT, _LENGTH = struct.Struct("<HH2sH"), struct.Struct("<HHL"), struct.Struct("<L")
_META_START, _META_GROUP_LENGTH = 132, b"\x02\0\0\0UL\x04\0"
_META_ELEMENTS = {tag: BaseTag(tag) for tag in (0x00020002, 0x00020003, 0x00020010)}
_TRANSFER_SYNTAX = BaseTag(0x00020010)
_CHARACTER_SET = BaseTag(0x00080005)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_VRS = {vr.value.encode(): vr.value for vr in VR if len(vr.value) == 2}
_LONG = frozenset(vr.encode() for vr in EXPLICIT_VR_LENGTH_32)
_ENCAPSULATED = (b"1.2.840.10008.1.2.4.", b"1.2.840.10008.1.2.5")


class _NotByTheBook(Exception):
    """Something is here that pydicom has to make sense of."""


def scan_header(content: bytes, tags: Mapping[int, BaseTag]) -> Dataset | None:
    """Return the elements `tags` before the pixel data, as pydicom would, with ``file_meta``.

    Parameters
    ----------
    content
        A file of PS3.10 or its beginning.

    Returns
    -------
    None
        It is not little endian, has no pixel data so far, or is not written by the book.
    """
    try:
        meta, start = _file_meta(content)
        syntax = (meta[_TRANSFER_SYNTAX].value or b"").rstrip(b"\0 ")
        is_implicit = syntax == ImplicitVRLittleEndian.encode()
        if not is_implicit and syntax != ExplicitVRLittleEndian.encode() and not syntax.startswith(_ENCAPSULATED):
            return None
        ds = _data_set(_Elements(content, is_implicit), start, {**tags, _CHARACTER_SET: _CHARACTER_SET})
    except (_NotByTheBook, struct.error, KeyError, IndexError):
        return None
    ds.file_meta = FileMetaDataset(meta)  # type: ignore[arg-type]
    return ds


class _Elements:
    """Where the elements of a data set begin and end."""

    def __init__(self, content: bytes, is_implicit: bool) -> None:
        self.content = content
        self.is_implicit = is_implicit

    def at(self, at: int) -> tuple[int, str | None, int, int]:
        """Return tag, VR, length and the start of the value of the element that begins here."""
        if self.is_implicit:
            group, element, length = _IMPLICIT.unpack_from(self.content, at)
            tag = group << 16 | element
            if length == UNDEFINED_LENGTH and not _may_be_sequence(tag):
                raise _NotByTheBook
            return tag, None, length, at + 8
        group, element, code, length = _EXPLICIT.unpack_from(self.content, at)
        vr = _VRS.get(code)
        if vr is None:
            raise _NotByTheBook
        if code in _LONG:
            return group << 16 | element, vr, _LENGTH.unpack_from(self.content, at + 8)[0], at + 12
        return group << 16 | element, vr, length, at + 8

    def end(self, vr: str | None, length: int, start: int, depth: int = 0) -> int:
        """Return where the value ends that starts here."""
        if length != UNDEFINED_LENGTH:
            end = start + length
        elif vr in (None, "SQ"):
            end = self._sequence_end(start, depth)
        else:
            raise _NotByTheBook
        if end > len(self.content):
            raise _NotByTheBook
        return end

    def _sequence_end(self, at: int, depth: int) -> int:
        if depth > DEEPEST:
            raise _NotByTheBook
        while True:
            group, element, length = _IMPLICIT.unpack_from(self.content, at)
            tag, at = group << 16 | element, at + 8
            if tag == _SEQUENCE_END and not length:
                return at
            if tag != _ITEM:
                raise _NotByTheBook
            at = at + length if length != UNDEFINED_LENGTH else self._item_end(at, depth)

    def _item_end(self, at: int, depth: int) -> int:
        while _IMPLICIT.unpack_from(self.content, at)[:2] != (_ITEM_END >> 16, _ITEM_END & 0xFFFF):
            _, vr, length, start = self.at(at)
            at = self.end(vr, length, start, depth + 1)
        return at + 8


@lru_cache(maxsize=1024)
def _may_be_sequence(tag: int) -> bool:
    try:
        return tag in PIXEL_TAGS or dictionary_VR(tag) == "SQ"
    except KeyError:
        return True


def _file_meta(content: bytes) -> tuple[dict[BaseTag, RawDataElement], int]:
    if content[128:132] != b"DICM" or content[_META_START : _META_START + 8] != _META_GROUP_LENGTH:
        raise _NotByTheBook
    at = _META_START + 12
    end = at + _LENGTH.unpack_from(content, at - 4)[0]
    elements, found = _Elements(content[:end], is_implicit=False), {}
    while at < end:
        tag, vr, length, start = elements.at(at)
        at = elements.end(vr, length, start)
        if tag >> 16 != 2:
            raise _NotByTheBook
        if (key := _META_ELEMENTS.get(tag)) is not None:
            found[key] = _raw(elements, key, vr, start, at)
    if at != end or content[end : end + 2] == b"\x02\0":
        raise _NotByTheBook
    return found, end


def _data_set(elements: _Elements, at: int, tags: Mapping[int, BaseTag]) -> Dataset:
    found: dict[BaseTag, RawDataElement | DataElement] = {}
    sequences: list[tuple[BaseTag, int, int]] = []
    if elements.is_implicit and elements.content[at + 4 : at + 6].isalpha():
        raise _NotByTheBook  # the VR of an explicit one, as it seems
    while True:
        begin = at
        tag, vr, length, start = elements.at(at)
        if tag in PIXEL_TAGS:
            break
        if tag >> 16 < 8 or tag >> 16 == _ITEM >> 16:
            raise _NotByTheBook
        at = elements.end(vr, length, start)
        if (key := tags.get(tag)) is None:
            continue
        if length == UNDEFINED_LENGTH:
            sequences.append((key, begin, at))
        else:
            found[key] = _raw(elements, key, vr, start, at)
    encoding = _encoding(found.get(_CHARACTER_SET))
    for key, begin, end in sequences:
        part = io.BytesIO(elements.content[begin:end])
        found[key] = read_dataset(part, elements.is_implicit, True, parent_encoding=encoding)[key]
    ds = Dataset(found)  # type: ignore[arg-type]
    ds.set_original_encoding(elements.is_implicit, True, encoding)
    return ds


def _raw(elements: _Elements, tag: BaseTag, vr: str | None, start: int, end: int) -> RawDataElement:
    value = elements.content[start:end] if end > start else empty_value_for_VR(vr, raw=True)
    return RawDataElement(tag, vr, end - start, value, start, elements.is_implicit, True)  # type: ignore[arg-type]


def _encoding(element: RawDataElement | DataElement | None) -> str | MutableSequence[str]:
    return _encoding_of(element) if isinstance(element, RawDataElement) else default_encoding


@lru_cache(maxsize=64)
def _encoding_of(element: RawDataElement) -> str | MutableSequence[str]:
    return convert_encodings(convert_raw_data_element(element).value)  # type: ignore[no-any-return]
