"""Files of PS3.10 as peers send them, opened: never more memory than the limits here allow."""

import io
import itertools
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from pydicom import Dataset
from pydicom.filereader import _read_file_meta_info, read_dataset, read_partial, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from triage_node.errors import InvalidInstance
from triage_node.imaging.inflating import Inflating

LARGEST_FILE_BYTES = 512 * 2**20
LARGEST_HEADER_BYTES = 8 * 2**20
# Of a deflated file: a CT shrinks to a half, a segmentation to a hundredth, and zeros to a thousandth.
LARGEST_INFLATED_BYTES = 64 * 2**20
LARGEST_INFLATION = 20
# A large header has some hundred elements; an Enhanced CT of 4,096 frames some 60,000 items. Each costs more memory and
# time than its eight bytes: a million empty elements took a second to read, and ten and 800 MB to show.
MOST_ELEMENTS = 20_000
MOST_ITEMS = 200_000
_MOST_READS = 500_000
_ITEMS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_PREFIX, _PREFIX_AT = b"DICM", 128
_START_OF_META = 132
# How a file without preamble begins: with the prefix, the file meta information, or an element of group 0008.
_BARE = re.compile(
    rb"(?:DICM)?\x02\0\0\0UL|(?:DICM)?\x02\0[\x01-\x20]\0[A-Z]{2}|"
    rb"\x08\0.[\0-\x40](?:[A-Z]{2}|..\0\0)|\0\x08[\0-\x40].[A-Z]{2}",
    re.DOTALL,
)
_GROUP_LENGTH_END = 144
T = TypeVar("T")
StopWhen = Callable[[BaseTag, str | None, int], bool]


class _Metered(io.BufferedIOBase):
    """A file from an offset on that refuses to give more than a number of bytes, wherever they lie."""

    def __init__(self, file: BinaryIO, budget: int, origin: int) -> None:
        self._file = file
        self._left = budget
        self._origin = origin
        self._end = end_of(file)
        self._reads = 0

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= self._left:
            raise InvalidInstance(f"The file's header holds more than {LARGEST_HEADER_BYTES} bytes.")
        self._reads += 1
        if self._reads > _MOST_READS:
            raise InvalidInstance(f"The file's header has more than {MOST_ITEMS} items and elements in them.")
        # Python asks for all the memory that a length announces before it reads.
        data = self._file.read(size if self._end is None else max(0, min(size, self._end - self._file.tell())))
        self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset + self._origin if whence == 0 else offset, whence) - self._origin

    def tell(self) -> int:
        return self._file.tell() - self._origin


def end_of(file: BinaryIO) -> int | None:
    """Return how many bytes a file has, None when it does not know; it stays where it stands."""
    at = file.tell()
    try:
        end = file.seek(0, os.SEEK_END)
    except io.UnsupportedOperation:
        return None
    file.seek(at)
    return end


def metered(file: BinaryIO, budget: int, origin: int = 0) -> BinaryIO:
    """Return a file of which no more than a budget of bytes can be read; more raises `InvalidInstance`."""
    return cast(BinaryIO, _Metered(file, budget, origin))


def read_file(path: Path, tags: Sequence[BaseTag] | None, stop_when: StopWhen | None, budget: int) -> Dataset:
    """Read elements of a file, all for None, up to the one at which `stop_when` is true; raises `InvalidInstance`."""
    is_header = budget == LARGEST_HEADER_BYTES
    return guarded(path, lambda file: read_open(file, tags, stop_when, budget, bare=True), is_header)


def guarded(path: Path, read: Callable[[BinaryIO], T], is_header: bool = False) -> T:
    """Read a file; one of which the header alone is read may have any size, so that it is told what it is."""
    with dicom_errors(), warnings.catch_warnings(action="ignore"):
        _refuse_odd_file(path, is_header)
        with path.open("rb") as file:
            return read(file)


@contextmanager
def dicom_errors() -> Iterator[None]:
    """Turn what a peer's bytes raise into `InvalidInstance`."""
    try:
        yield
    except InvalidInstance:
        raise
    except Exception as error:  # the border to a peer's bytes: pydicom raises anything, RecursionError included
        raise InvalidInstance(f"The file cannot be read as DICOM ({type(error).__name__}).") from error


def read_open(
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
    bounded, counted = metered(file, budget, origin), count_elements(stop_when)
    ds = read_partial(bounded, counted, force=not has_preamble, specific_tags=specific)
    refuse_many_items(ds)
    return ds


def count_elements(stop_when: StopWhen | None) -> StopWhen:
    """Return what `stop_when` answers, and refuse a data set of more than `MOST_ELEMENTS`."""
    seen = itertools.count(1)

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        if next(seen) > MOST_ELEMENTS:
            raise InvalidInstance(f"The data set has more than {MOST_ELEMENTS} elements.")
        return stop_when is not None and stop_when(tag, vr, length)

    return stop


def refuse_many_items(ds: Dataset) -> None:
    """Refuse sequences of more than `MOST_ITEMS` before anybody parses them (PS3.5 Section 7.5)."""
    raw = (ds.get_item(tag, keep_deferred=True) for tag in ds.keys())  # noqa: SIM118 - its elements would be decoded
    values = [one.value for one in raw if one and one.VR in (None, "SQ", "UN") and isinstance(one.value, bytes)]
    if sum(value.count(item) for value in values for item in _ITEMS) > MOST_ITEMS:
        raise InvalidInstance(f"The data set has more than {MOST_ITEMS} items.")


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
        stop_when=count_elements(stop_when),
        specific_tags=None if tags is None else list(tags),
    )
    refuse_many_items(ds)
    file.seek(0)
    bounded = metered(file, LARGEST_HEADER_BYTES)
    read_preamble(bounded, False)
    ds.file_meta = _read_file_meta_info(bounded)
    return ds
