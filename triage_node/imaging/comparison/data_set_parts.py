"""A file in the parts by which two are compared: the elements before and behind the pixels, and where these lie."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import _read_file_meta_info, read_dataset, read_preamble
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from triage_node.errors import InvalidInstance
from triage_node.imaging.header import text
from triage_node.imaging.part10_file import LARGEST_HEADER_BYTES, count_elements, metered, refuse_many_items

# What inflates to more is not compared.
LARGEST_INFLATED_BYTES = 128 * 2**20
_PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD


@dataclass(frozen=True)
class PixelPlace:
    """Where the value of the pixel data begins and ends in the data set's file; encapsulated without a length."""

    tag: BaseTag
    vr: str
    start: int
    end: int
    is_encapsulated: bool


@dataclass(frozen=True)
class DataSetParts:
    """The parts of a file; ``start`` is where the data set begins, in what was inflated of a deflated one."""

    path: Path
    transfer_syntax_uid: str
    start: int
    before: Dataset
    pixels: PixelPlace | None
    behind: Dataset
    inflated: bytes | None = field(default=None, repr=False)

    @property
    def is_little_endian(self) -> bool:
        """Byte order of native values."""
        return self.transfer_syntax_uid != ExplicitVRBigEndian

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open what the places lie in."""
        if self.inflated is not None:
            yield io.BytesIO(self.inflated)
            return
        with self.path.open("rb") as file:
            yield file


def read_parts(path: Path) -> DataSetParts:
    """Read a file but for its pixels; memory is bounded.

    Raises
    ------
    Exception
        The file is damaged: pydicom raises anything.
    """
    with path.open("rb") as file:
        bounded = metered(file, LARGEST_HEADER_BYTES)
        read_preamble(bounded, True)
        meta = _read_file_meta_info(bounded)
        start = file.tell()
        if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            return _read(path, file, meta, start, None)
        inflated = _inflated(file)
        return _read(path, io.BytesIO(inflated), meta, 0, inflated)


def _inflated(file: BinaryIO) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    deflated = metered(file, LARGEST_INFLATED_BYTES).read(LARGEST_INFLATED_BYTES)
    data = inflater.decompress(deflated, LARGEST_INFLATED_BYTES)
    if inflater.unconsumed_tail:
        raise InvalidInstance(f"The file inflates to more than {LARGEST_INFLATED_BYTES} bytes.")
    return data


def _read(path: Path, file: BinaryIO, meta: FileMetaDataset, start: int, inflated: bytes | None) -> DataSetParts:
    syntax = text(meta, "TransferSyntaxUID")
    is_implicit, is_little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return tag in _PIXEL_TAGS

    bounded = metered(file, LARGEST_HEADER_BYTES)
    before = read_dataset(bounded, is_implicit, is_little, stop_when=count_elements(at_pixels))
    before.file_meta = meta
    pixels = _place(file, is_implicit, is_little)
    behind = Dataset()
    if pixels is not None:
        file.seek(pixels.end)
        behind = read_dataset(bounded, is_implicit, is_little, stop_when=count_elements(None))
    for part in (before, behind):
        refuse_many_items(part)
    return DataSetParts(path, syntax, start, before, pixels, behind, inflated)


def _place(file: BinaryIO, is_implicit: bool, is_little: bool) -> PixelPlace | None:
    """Return the place of the element that begins here; behind the tag come VR and two bytes, unless it is implicit."""
    order = "little" if is_little else "big"
    head = file.read(8 if is_implicit else 12)
    if not head:
        return None
    group, element = int.from_bytes(head[:2], order), int.from_bytes(head[2:4], order)  # type: ignore[arg-type]
    length = int.from_bytes(head[-4:], order)  # type: ignore[arg-type]
    vr = "OW" if is_implicit else head[4:6].decode("latin-1")
    start = file.tell()
    if length != _UNDEFINED_LENGTH:
        return PixelPlace(Tag(group, element), vr, start, start + length, False)
    return PixelPlace(Tag(group, element), vr, start, _end_of_items(file), True)


def _end_of_items(file: BinaryIO) -> int:
    """Return where encapsulated pixel data end (PS3.5 Annex A.4): behind their delimiter, or with the file."""
    while len(head := file.read(8)) == 8:
        tag = int.from_bytes(head[:2], "little") << 16 | int.from_bytes(head[2:4], "little")
        if tag == _SEQUENCE_END:
            return file.tell()
        if tag != _ITEM:
            raise InvalidInstance("The items of the pixel data cannot be told apart.")
        file.seek(int.from_bytes(head[4:], "little"), io.SEEK_CUR)
    return file.seek(0, io.SEEK_END)
