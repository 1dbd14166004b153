"""Data sets of files of PS3.10 as peers send them: only the elements asked for."""

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from triage_node.errors import InvalidInstance
from triage_node.imaging.header_scan import WINDOW_BYTES, scan_header
from triage_node.imaging.part10_file import (
    LARGEST_FILE_BYTES,
    LARGEST_HEADER_BYTES,
    dicom_errors,
    read_file,
    read_open,
)
from triage_node.imaging.pixel_element import PIXEL_TAGS, UNDEFINED_LENGTH, is_pixel_data, read_encapsulated

_ITEM = b"\xfe\xff\x00\xe0"
_SYNTAXES: dict[tuple[bool | None, bool | None], UID] = {
    (True, True): ImplicitVRLittleEndian,
    (False, True): ExplicitVRLittleEndian,
    (False, False): ExplicitVRBigEndian,
}


def read_header(path: Path, tags: Sequence[BaseTag]) -> Dataset:
    """Read the elements `tags` that come before the pixel data.

    A file on disk may lack the preamble, or the file meta information as a whole; then the transfer syntax is the one
    its elements are written in, unless its pixel data are encapsulated.

    Raises
    ------
    InvalidInstance
        The file is no DICOM file (PS3.10 Section 7), damaged, or too large.
    """
    lengths: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, length: int) -> bool:
        if tag in PIXEL_TAGS:
            lengths.append(length)
        return tag in PIXEL_TAGS

    ds = read_file(path, tags, at_pixels, LARGEST_HEADER_BYTES)
    if not ds.file_meta.get("TransferSyntaxUID") and UNDEFINED_LENGTH not in lengths:
        ds.file_meta.TransferSyntaxUID = _SYNTAXES[ds.original_encoding]
    return ds


def parse_header(file: BinaryIO, tags: Mapping[int, BaseTag]) -> Dataset:
    """Read the elements `tags` that come before the pixel data from an open file; raises as `read_header` does."""
    with dicom_errors():
        ds = scan_header(file.read(WINDOW_BYTES), tags)
        if ds is not None:
            return ds
        file.seek(0)
        return read_open(file, list(tags.values()), is_pixel_data, LARGEST_HEADER_BYTES)


def read_header_and_end(file: BinaryIO, tags: Sequence[BaseTag]) -> tuple[Dataset, int | None]:
    """Read the elements `tags` that come before the pixel data from an open file; raises as `read_header` does.

    Returns
    -------
    header, end
        The end is the least offset in bytes at which the pixel data can end, by what their element says; None when the
        file holds none. A file that is shorter was cut off.
    """
    ends: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, length: int) -> bool:
        if tag in PIXEL_TAGS:
            ends.append(file.tell() + (0 if length == UNDEFINED_LENGTH else length))
        return tag in PIXEL_TAGS

    with dicom_errors(), warnings.catch_warnings(action="ignore"):
        header = read_open(file, tags, at_pixels, LARGEST_HEADER_BYTES)
    if ends and header.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return header, 0  # the element lies in what was inflated, not in the file
    return header, ends[0] if ends else None


def read_everything(path: Path) -> Dataset:
    """Read all elements of a file, with pixel data and what follows them; raises as `read_header` does.

    Encapsulated pixel data without their delimiter are left out, and nothing follows them.
    """
    ds = read_file(path, None, None, LARGEST_FILE_BYTES)
    if not ds and read_encapsulated(path).startswith(_ITEM):
        return read_whole_header(path)[0]
    return _not_empty(ds)


def read_intact(content: bytes) -> Dataset:
    """Read all elements of a file's bytes; raises as `read_header` does, also when an element ends beyond their end.

    pydicom takes what is there of such an element, which may be the end of a report's content.
    """
    file, ends = io.BytesIO(content), [0]

    def note(_tag: BaseTag, _vr: str | None, length: int) -> bool:
        ends.append(file.tell() + (0 if length == UNDEFINED_LENGTH else length))
        return False

    with dicom_errors(), warnings.catch_warnings(action="ignore"):
        ds = _not_empty(read_open(file, None, note, LARGEST_FILE_BYTES))
    if max(ends) > len(content):
        raise InvalidInstance("The file is cut off.")
    ds.buffer = None  # all is read: a copy would want it
    return ds


def read_whole_header(path: Path) -> tuple[Dataset, BaseTag | None]:
    """Read all elements before the pixel data, and the tag of the pixel data, None without; raises as `read_header`."""
    found: list[BaseTag] = []

    def note(tag: BaseTag, vr: str | None, length: int) -> bool:
        if is_pixel_data(tag, vr, length):
            found.append(tag)
        return bool(found)

    ds = _not_empty(read_file(path, None, note, LARGEST_HEADER_BYTES))
    return ds, found[0] if found else None


def _not_empty(ds: Dataset) -> Dataset:
    """Refuse what pydicom makes of a file that ends within an element: nothing."""
    if not ds:
        raise InvalidInstance("The file is cut off.")
    return ds
