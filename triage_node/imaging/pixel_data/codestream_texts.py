"""Compressed frames without the places where a codestream holds text: comments, application segments, what follows."""

from collections.abc import Iterator

from triage_node.imaging.pixel_data.codestream import (
    APPLICATIONS,
    END_OF_IMAGE,
    MARKER,
    START_OF_SCAN,
    is_jpeg_2000,
    until_end,
)

_START_OF_TILE, _START_OF_DATA, _COMMENT = 0xFF90, 0xFF93, 0xFF64
_LENGTH_OF_TILE_PART = 4
_BLANK = b" "


def without_texts(encoded: bytes) -> bytes:
    """Return a JPEG, JPEG-LS or JPEG 2000 codestream that decodes to the same pixels and holds nothing else.

    Application segments and comments of JPEG and JPEG-LS are left out (ITU-T T.81 B.2.4), comments of JPEG 2000 blanked
    (T.800 A.9.2), since tile parts count their bytes. A file around the codestream and bytes behind its end go.

    Raises
    ------
    ValueError
        It has no end, or its segments do not follow one another.
    """
    return _blanked(until_end(encoded)) if is_jpeg_2000(encoded) else b"".join(_needed(encoded))


def _needed(encoded: bytes) -> Iterator[bytes]:
    """Yield start, tables, frame, scans and end of a JPEG; between other segments than scans nothing stands."""
    yield encoded[:2]
    at, in_scan = 2, False
    while found := MARKER.search(encoded, at):
        marker, end = encoded[found.end() - 1], found.end()
        if in_scan:
            yield encoded[at : found.start()]
        if marker == END_OF_IMAGE[1]:
            yield END_OF_IMAGE
            return
        at = end + max(2, int.from_bytes(encoded[end : end + 2], "big"))
        if marker not in APPLICATIONS:
            yield b"\xff" + encoded[end - 1 : at]
            in_scan = marker == START_OF_SCAN
    raise ValueError("the codestream has no end")


def _blanked(encoded: bytes) -> bytes:
    blank = bytearray(encoded)
    for start, end in _comments(encoded):
        blank[start:end] = _BLANK * (end - start)
    return bytes(blank)


def _comments(encoded: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the texts of comments lie, in the main header and in those of tile parts (T.800 A.3)."""
    at, tile_end = 2, 0
    while at + 4 <= len(encoded) and encoded[at : at + 2] != END_OF_IMAGE:
        marker, length = (int.from_bytes(encoded[place : place + 2], "big") for place in (at, at + 2))
        if marker == _START_OF_DATA:
            if tile_end <= at:
                raise ValueError("a tile part of the codestream has no length")
            at = tile_end
            continue
        if marker == _START_OF_TILE:
            whole = int.from_bytes(encoded[at + 6 : at + 6 + _LENGTH_OF_TILE_PART], "big")
            tile_end = at + whole if whole else len(encoded)
        if marker < 0xFF00 or length < 2:
            raise ValueError("the segments of the codestream do not follow one another")
        if marker == _COMMENT:
            yield at + 6, at + 2 + length
        at += 2 + length
