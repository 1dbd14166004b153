"""Files of PS3.10 as peers send them: only the elements asked for, never more memory than the limits here allow."""

import io
import os
import re
import stat
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from pydicom import Dataset
from pydicom.filereader import _read_file_meta_info, read_dataset, read_partial, read_preamble
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from triage_node.errors import InvalidInstance
from triage_node.imaging.inflating import Inflating

LARGEST_FILE_BYTES = 512 * 2**20
LARGEST_HEADER_BYTES = 8 * 2**20
# Of a deflated file: a CT shrinks to a half, a segmentation to a hundredth, and zeros to a thousandth.
LARGEST_INFLATED_BYTES = 64 * 2**20
LARGEST_INFLATION = 20
_PIXEL_DATA = Tag("PixelData")
_PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"
_PREFIX, _PREFIX_AT = b"DICM", 128
_START_OF_META = 132
# How a file without preamble begins: with the prefix, the file meta information, or an element of group 0008.
_BARE = re.compile(
    rb"(?:DICM)?\x02\0\0\0UL|(?:DICM)?\x02\0[\x01-\x20]\0[A-Z]{2}|"
    rb"\x08\0.[\0-\x40](?:[A-Z]{2}|..\0\0)|\0\x08[\0-\x40].[A-Z]{2}",
    re.DOTALL,
)
_SYNTAXES: dict[tuple[bool | None, bool | None], UID] = {
    (True, True): ImplicitVRLittleEndian,
    (False, True): ExplicitVRLittleEndian,
    (False, False): ExplicitVRBigEndian,
}
_GROUP_LENGTH_END = 144
T = TypeVar("T")
StopWhen = Callable[[BaseTag, str | None, int], bool]


class _Metered(io.BufferedIOBase):
    """A file from an offset on that refuses to give more than a number of bytes, wherever they lie."""

    def __init__(self, file: BinaryIO, budget: int, origin: int) -> None:
        self._file = file
        self._left = budget
        self._origin = origin

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= self._left:
            raise InvalidInstance(f"The file's header holds more than {LARGEST_HEADER_BYTES} bytes.")
        data = self._file.read(size)
        self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset + self._origin if whence == 0 else offset, whence) - self._origin

    def tell(self) -> int:
        return self._file.tell() - self._origin


def metered(file: BinaryIO, budget: int, origin: int = 0) -> BinaryIO:
    """Return a file of which no more than a budget of bytes can be read; more raises `InvalidInstance`."""
    return cast(BinaryIO, _Metered(file, budget, origin))


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
        if tag in _PIXEL_TAGS:
            lengths.append(length)
        return tag in _PIXEL_TAGS

    ds = _read(path, tags, at_pixels, LARGEST_HEADER_BYTES)
    if not ds.file_meta.get("TransferSyntaxUID") and _UNDEFINED_LENGTH not in lengths:
        ds.file_meta.TransferSyntaxUID = _SYNTAXES[ds.original_encoding]
    return ds


def parse_header(file: BinaryIO, tags: Sequence[BaseTag]) -> Dataset:
    """Read the elements `tags` that come before the pixel data from an open file; raises as `read_header` does."""
    try:
        return _read_open(file, tags, _at_pixels, LARGEST_HEADER_BYTES)
    except InvalidInstance:
        raise
    except Exception as error:  # as in `_read`
        raise _unreadable(error) from error


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
        if tag in _PIXEL_TAGS:
            ends.append(file.tell() + (0 if length == _UNDEFINED_LENGTH else length))
        return tag in _PIXEL_TAGS

    try:
        with warnings.catch_warnings(action="ignore"):
            header = _read_open(file, tags, at_pixels, LARGEST_HEADER_BYTES)
    except InvalidInstance:
        raise
    except Exception as error:  # as in `_read`
        raise _unreadable(error) from error
    if ends and header.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return header, 0  # the element lies in what was inflated, not in the file
    return header, ends[0] if ends else None


def read_pixel_data(path: Path) -> bytes:
    """Read the value of native pixel data, empty without; raises as `read_header` does."""
    # What is empty and of no VR of the Standard looks to pydicom like an element still to be read, which it cannot be.
    element = _read(path, [_PIXEL_DATA], None, LARGEST_FILE_BYTES).get_item(_PIXEL_DATA, keep_deferred=True)
    if getattr(element, "length", 0) == _UNDEFINED_LENGTH:
        raise InvalidInstance("The pixel data are encapsulated, against their transfer syntax.")
    return bytes(element.value or b"") if element else b""


def read_encapsulated(path: Path) -> bytes:
    """Read the items of encapsulated pixel data, and all that follows them; empty without; raises as `read_header`.

    The delimiter is not looked for, as pydicom does: some peers write none, and its bytes may lie in a codestream.
    """

    def read(file: BinaryIO) -> bytes:
        length, start = _pixel_element(file)
        file.seek(start)
        return file.read() if length == _UNDEFINED_LENGTH else file.read(length)

    return _guarded(path, read)


def read_everything(path: Path) -> Dataset:
    """Read all elements of a file, with pixel data and what follows them; raises as `read_header` does.

    Encapsulated pixel data without their delimiter are left out, and nothing follows them.
    """
    ds = _read(path, None, None, LARGEST_FILE_BYTES)
    if not ds and read_encapsulated(path).startswith(_ITEM):
        return read_whole_header(path)[0]
    return _not_empty(ds)


def read_intact(content: bytes) -> Dataset:
    """Read all elements of a file's bytes; raises as `read_header` does, also when an element ends beyond their end.

    pydicom takes what is there of such an element, which may be the end of a report's content.
    """

    def read(file: BinaryIO) -> Dataset:
        ends: list[int] = []

        def note(_tag: BaseTag, _vr: str | None, length: int) -> bool:
            ends.append(file.tell() + (0 if length == _UNDEFINED_LENGTH else length))
            return False

        ds = _not_empty(_read_open(file, None, note, LARGEST_FILE_BYTES))
        if max(ends) > file.seek(0, os.SEEK_END):
            raise InvalidInstance("The file is cut off.")
        ds.buffer = None  # all is read: a copy would want it
        return ds

    return _bounded(lambda: read(io.BytesIO(content)))


def read_whole_header(path: Path) -> tuple[Dataset, BaseTag | None]:
    """Read all elements before the pixel data, and the tag of the pixel data, None without; raises as `read_header`."""
    found: list[BaseTag] = []

    def note(tag: BaseTag, vr: str | None, length: int) -> bool:
        if _at_pixels(tag, vr, length):
            found.append(tag)
        return bool(found)

    ds = _not_empty(_read(path, None, note, LARGEST_HEADER_BYTES))
    return ds, found[0] if found else None


def pixel_data_place(path: Path) -> tuple[int, int]:
    """Return where in a file that is not deflated the value of native pixel data begins and ends; raises as above."""

    def read(file: BinaryIO) -> tuple[int, int]:
        length, start = _pixel_element(file)
        if not length or length == _UNDEFINED_LENGTH:
            raise InvalidInstance("The instance has no native pixel data.")
        return start, min(start + length, path.stat().st_size)

    return _guarded(path, read)


def _pixel_element(file: BinaryIO) -> tuple[int, int]:
    """Return the length the pixel data announce, 0 without, and where their value begins."""
    ds = _read_open(file, [], _at_pixels, LARGEST_HEADER_BYTES, bare=True)
    # pydicom stops before the tag; behind it come the VR and two zero bytes, unless it is implicit (PS3.5 7.1).
    head = file.read(12)
    is_implicit, is_little = ds.original_encoding
    length = int.from_bytes(head[4:8] if is_implicit else head[8:12], "little" if is_little else "big")
    return length if len(head) == 12 else 0, file.tell() - (4 if is_implicit else 0)


def _not_empty(ds: Dataset) -> Dataset:
    """Refuse what pydicom makes of a file that ends within an element: nothing."""
    if not ds:
        raise InvalidInstance("The file is cut off.")
    return ds


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag in _PIXEL_TAGS


def _read(path: Path, tags: Sequence[BaseTag] | None, stop_when: StopWhen | None, budget: int) -> Dataset:
    is_header = budget == LARGEST_HEADER_BYTES
    return _guarded(path, lambda file: _read_open(file, tags, stop_when, budget, bare=True), is_header)


def _guarded(path: Path, read: Callable[[BinaryIO], T], is_header: bool = False) -> T:
    """Read a file; one of which the header alone is read may have any size, so that it is told what it is."""

    def opened() -> T:
        _refuse_odd_file(path, is_header)
        with path.open("rb") as file:
            return read(file)

    return _bounded(opened)


def _bounded(read: Callable[[], T]) -> T:
    try:
        with warnings.catch_warnings(action="ignore"):
            return read()
    except InvalidInstance:
        raise
    except Exception as error:  # the border to a peer's bytes: pydicom raises anything, RecursionError included
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> InvalidInstance:
    return InvalidInstance(f"The file cannot be read as DICOM ({type(error).__name__}).")


def _read_open(
    file: BinaryIO, tags: Sequence[BaseTag] | None, stop_when: StopWhen | None, budget: int, bare: bool = False
) -> Dataset:
    """Read from the start of an open file; a `bare` one may lack preamble and file meta information."""
    head = file.read(1024)
    file.seek(0)
    has_preamble = head[_PREFIX_AT:_START_OF_META] == _PREFIX
    if DeflatedExplicitVRLittleEndian.encode() in head:
        if not has_preamble:
            raise InvalidInstance("The file is deflated and has no preamble.")
        return _read_deflated(file, tags, stop_when, budget)
    if not has_preamble and not (bare and _BARE.match(head)):
        raise InvalidInstance("The file is no DICOM file." if head else "The file is empty.")
    origin = len(_PREFIX) if head.startswith(_PREFIX) and not has_preamble else 0
    specific: list[BaseTag | int] | None = None if tags is None else list(tags)
    return read_partial(metered(file, budget, origin), stop_when, force=not has_preamble, specific_tags=specific)


def _refuse_odd_file(path: Path, is_header: bool) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInstance("The path is not a regular file.")
    if status.st_size > LARGEST_FILE_BYTES and not is_header:
        raise InvalidInstance(f"The file has more than {LARGEST_FILE_BYTES >> 20} MB; it is kept, not read.")


def _read_deflated(file: BinaryIO, tags: Sequence[BaseTag] | None, stop_when: StopWhen | None, budget: int) -> Dataset:
    """Inflate only what is read (PS3.5 Section A.5); pydicom would inflate all, without a bound."""
    file.seek(_START_OF_META)
    meta = file.read(_GROUP_LENGTH_END - _START_OF_META)
    start = _GROUP_LENGTH_END + int.from_bytes(meta[-4:], "little")
    largest = LARGEST_FILE_BYTES
    if stop_when is None:  # the values of all elements will be in memory
        size = file.seek(0, os.SEEK_END) - start
        largest = min(largest, max(LARGEST_INFLATED_BYTES, LARGEST_INFLATION * size))
    file.seek(start)
    ds = read_dataset(
        metered(cast(BinaryIO, Inflating(file, largest)), budget),
        False,
        True,
        stop_when=stop_when,
        specific_tags=None if tags is None else list(tags),
    )
    file.seek(0)
    read_preamble(file, False)
    ds.file_meta = _read_file_meta_info(file)
    return ds
