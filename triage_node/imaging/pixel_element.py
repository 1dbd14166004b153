"""The pixel data of a file of PS3.10: their value, and where it lies."""

from pathlib import Path
from typing import BinaryIO

from pydicom.tag import BaseTag, Tag

from triage_node.errors import InvalidInstance
from triage_node.imaging.part10_file import (
    LARGEST_FILE_BYTES,
    LARGEST_HEADER_BYTES,
    end_of,
    guarded,
    read_file,
    read_open,
)

_PIXEL_DATA = Tag("PixelData")
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
UNDEFINED_LENGTH = 0xFFFFFFFF


def is_pixel_data(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    """Tell whether an element is pixel data: where the reading of a header stops."""
    return tag in PIXEL_TAGS


def read_pixel_data(path: Path) -> bytes:
    """Read the value of native pixel data, empty without; raises as `read_header` does."""
    # What is empty and of no VR of the Standard looks to pydicom like an element still to be read, which it cannot be.
    element = read_file(path, [_PIXEL_DATA], None, LARGEST_FILE_BYTES).get_item(_PIXEL_DATA, keep_deferred=True)
    if getattr(element, "length", 0) == UNDEFINED_LENGTH:
        raise InvalidInstance("The pixel data are encapsulated, against their transfer syntax.")
    return bytes(element.value or b"") if element else b""


def read_encapsulated(path: Path) -> bytes:
    """Read the items of encapsulated pixel data, and all that follows them; empty without; raises as `read_header`.

    The delimiter is not looked for, as pydicom does: some peers write none, and its bytes may lie in a codestream.
    """

    def read(file: BinaryIO) -> bytes:
        length, start = _pixel_element(file)
        file.seek(start)
        is_whole = length != UNDEFINED_LENGTH and length <= (end_of(file) or 0) - start
        return file.read(length) if is_whole else file.read()

    return guarded(path, read)


def pixel_data_place(path: Path) -> tuple[int, int]:
    """Return where in a file that is not deflated the value of native pixel data begins and ends; raises as above."""

    def read(file: BinaryIO) -> tuple[int, int]:
        length, start = _pixel_element(file)
        if not length or length == UNDEFINED_LENGTH:
            raise InvalidInstance("The instance has no native pixel data.")
        return start, min(start + length, path.stat().st_size)

    return guarded(path, read)


def _pixel_element(file: BinaryIO) -> tuple[int, int]:
    """Return the length the pixel data announce, 0 without, and where their value begins."""
    ds = read_open(file, [], is_pixel_data, LARGEST_HEADER_BYTES, bare=True)
    # pydicom stops before the tag; behind it come the VR and two zero bytes, unless it is implicit (PS3.5 7.1).
    head = file.read(12)
    is_implicit, is_little = ds.original_encoding
    length = int.from_bytes(head[4:8] if is_implicit else head[8:12], "little" if is_little else "big")
    return length if len(head) == 12 else 0, file.tell() - (4 if is_implicit else 0)
