"""Files of PS3.10 as peers send them, opened: never more memory than the limits here allow."""

import io
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
