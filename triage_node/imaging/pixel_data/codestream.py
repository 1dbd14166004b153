"""What a compressed frame says of its own size, read before a decoder allocates memory for it."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_J2K_START = b"\xff\x4f\xff\x51"
_JP2_START = b"\x00\x00\x00\x0cjP  "
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN = 0xDA
_TABLES = frozenset({0xC4, 0xDB, 0xDD})
APPLICATIONS = frozenset({*range(0xE0, 0xF0), 0xFE})
_MOST_BYTES_BEFORE_SCAN = 2**20
END_OF_IMAGE = b"\xff\xd9"
_START_OF_TILE = b"\xff\x90"
_SHORTEST_TILE = 14
# Neither a stuffed byte nor a restart; before a marker any number of fill bytes (T.81 B.1.1, T.87 A.1).
MARKER = re.compile(rb"\xff+([\x80-\xcf\xd8-\xfe])")
_PADDING = b"\0\xff \r\n"


@dataclass(frozen=True)
class Codestream:
    """Size of the picture a codestream holds; `precision` in bits."""

    rows: int
    columns: int
    precision: int
    components: int

    @classmethod
    def of(cls, encoded: bytes) -> "Codestream":
        """Read the header of a JPEG, JPEG-LS (ITU-T T.81, T.87) or JPEG 2000 (T.800, T.814) codestream.

        Raises
        ------
        ValueError
            The bytes are no such codestream.
        """
        try:
            if is_jpeg_2000(encoded):
                return cls._of_jpeg_2000(encoded)
            return cls._of_jpeg(encoded)
        except (struct.error, IndexError) as error:
            raise ValueError("the codestream ends within its header") from error

    @classmethod
    def _of_jpeg_2000(cls, encoded: bytes) -> "Codestream":
        start = encoded.find(_J2K_START, 0, _MOST_BYTES_BEFORE_SCAN)
        if start < 0:
            raise ValueError("the JP2 file holds no codestream")
        right, bottom, left, top = struct.unpack_from(">4I", encoded, start + 8)
        components, depth = struct.unpack_from(">HB", encoded, start + 40)
        return cls(bottom - top, right - left, (depth & 0x7F) + 1, components)

    @classmethod
    def _of_jpeg(cls, encoded: bytes) -> "Codestream":
        for marker, start, _ in _segments(encoded):
            if marker in _START_OF_FRAME:
                precision, rows, columns, components = struct.unpack_from(">BHHB", encoded, start + 4)
                return cls(rows, columns, precision, components)
        raise ValueError("the codestream has no start of frame")


def is_jpeg_2000(encoded: bytes) -> bool:
    """Tell whether a frame is a JPEG 2000 codestream, in a file of its own or not."""
    return encoded.startswith((_J2K_START, _JP2_START))


def until_end(encoded: bytes) -> bytes:
    """Return a codestream up to its end marker, without the file around it and without what a peer put behind it.

    Raises
    ------
    ValueError
        The codestream has no end: it was cut off.
    """
    if is_jpeg_2000(encoded):
        start = max(encoded.find(_J2K_START, 0, _MOST_BYTES_BEFORE_SCAN), 0)
        return encoded[start : _end_of_jpeg_2000(encoded, start)]
    at = 2
    while found := MARKER.search(encoded, at):
        if encoded[found.end() - 1] == END_OF_IMAGE[1]:
            return encoded[: found.start()] + END_OF_IMAGE
        at = found.end() + max(2, int.from_bytes(encoded[found.end() : found.end() + 2], "big"))
    raise ValueError("the codestream has no end")


def _end_of_jpeg_2000(encoded: bytes, start: int) -> int:
    """Return where the end marker ends, found from tile part to tile part (T.800 A.4.2)."""
    at = encoded.find(_START_OF_TILE, start)
    while at >= 0 and encoded.startswith(_START_OF_TILE, at) and len(encoded) >= at + _SHORTEST_TILE:
        length = int.from_bytes(encoded[at + 6 : at + 10], "big")
        if length < _SHORTEST_TILE:  # 0, up to the end: no marker lies in the packets (T.800 B.10.1)
            at = encoded.find(END_OF_IMAGE, at + _SHORTEST_TILE)
        else:
            at += length
    if not 0 <= at < len(encoded):
        raise ValueError("the codestream has no end")
    if not encoded.startswith(END_OF_IMAGE, at):  # a wrong length of a tile part
        at = len(encoded.rstrip(_PADDING)) - len(END_OF_IMAGE)
    if not encoded.startswith(END_OF_IMAGE, max(at, 0)):
        raise ValueError("the codestream has no end")
    return at + len(END_OF_IMAGE)


def without_applications(encoded: bytes) -> bytes:
    """Return a JPEG codestream with the tables, frame and scan it needs, and nothing else.

    gdcm ends the whole process for a mere warning while it reads a header, say a JFIF segment of an unknown version or
    a stray byte between segments.

    Raises
    ------
    ValueError
        A segment is of a kind that no DICOM image has, or the codestream has no scan.
    """
    segments = [b"\xff\xd8"]
    for marker, start, end in _segments(encoded):
        if marker == START_OF_SCAN:
            return b"".join([*segments, encoded[start:]])
        if marker in _START_OF_FRAME | _TABLES:
            segments.append(encoded[start:end])
        elif marker not in APPLICATIONS:
            raise ValueError(f"the codestream has a segment of kind {marker:#04x}")
    raise ValueError("the codestream has no scan")


def _segments(encoded: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment up to the first scan (T.81 B.1.1)."""
    if not encoded.startswith(b"\xff\xd8"):
        raise ValueError("the frame does not begin as a codestream")
    start, marker = 2, 0
    while start < min(len(encoded), _MOST_BYTES_BEFORE_SCAN) and marker != START_OF_SCAN:
        if encoded[start] != 0xFF:
            raise ValueError("the codestream's header is damaged")
        marker = encoded[start + 1]
        if marker == 0xFF:  # a fill byte
            start += 1
            continue
        end = start + 2 + int.from_bytes(encoded[start + 2 : start + 4], "big")
        if not start + 4 <= end <= len(encoded):
            raise ValueError("a segment of the codestream is longer than the frame")
        yield marker, start, end
        start = end
