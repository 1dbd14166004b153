"""What a compressed frame says of its own size, read before a decoder allocates memory for it."""

import struct
from dataclasses import dataclass

_J2K_START = b"\xff\x4f\xff\x51"
_JP2_START = b"\x00\x00\x00\x0cjP  "
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_MOST_BYTES_BEFORE_FRAME = 65536


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
            if encoded.startswith((_J2K_START, _JP2_START)):
                return cls._of_jpeg_2000(encoded)
            return cls._of_jpeg(encoded)
        except (struct.error, IndexError) as error:
            raise ValueError("the codestream ends within its header") from error

    @classmethod
    def _of_jpeg_2000(cls, encoded: bytes) -> "Codestream":
        start = encoded.find(_J2K_START, 0, _MOST_BYTES_BEFORE_FRAME)
        if start < 0:
            raise ValueError("the JP2 file holds no codestream")
        right, bottom, left, top = struct.unpack_from(">4I", encoded, start + 8)
        components, depth = struct.unpack_from(">HB", encoded, start + 40)
        return cls(bottom - top, right - left, (depth & 0x7F) + 1, components)

    @classmethod
    def _of_jpeg(cls, encoded: bytes) -> "Codestream":
        if not encoded.startswith(b"\xff\xd8"):
            raise ValueError("the frame does not begin as a codestream")
        at = 2
        while at < min(len(encoded), _MOST_BYTES_BEFORE_FRAME):
            if encoded[at] != 0xFF:
                raise ValueError("the codestream's header is damaged")
            marker = encoded[at + 1]
            if marker in _START_OF_FRAME:
                precision, rows, columns, components = struct.unpack_from(">BHHB", encoded, at + 4)
                return cls(rows, columns, precision, components)
            at += _step(encoded, at, marker)
        raise ValueError("the codestream has no start of frame")


def _step(encoded: bytes, at: int, marker: int) -> int:
    """Return the bytes from one marker to the next: fill bytes, markers without content, segments with a length."""
    if marker == 0xFF:
        return 1
    if marker in _STANDALONE:
        return 2
    return 2 + max(2, int.from_bytes(encoded[at + 2 : at + 4], "big"))
