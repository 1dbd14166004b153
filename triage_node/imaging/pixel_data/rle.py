"""RLE Lossless (PS3.5 Annex G): PackBits by byte plane, most significant plane first."""

import struct

import numpy as np


def decode_rle(encoded: bytes, rows: int, columns: int, bits_allocated: int) -> np.ndarray:
    """Decode one monochrome frame.

    Returns
    -------
    np.ndarray
        ``(rows, columns)`` unsigned integers of `bits_allocated` bits.

    Raises
    ------
    ValueError
        Segments are missing or short.
    """
    planes, pixels = bits_allocated // 8, rows * columns
    count, *offsets = struct.unpack_from("<16L", encoded)
    if count != planes:
        raise ValueError(f"{count} RLE segments for {bits_allocated} bits")
    ends = [*offsets[1:planes], len(encoded)]
    frame = np.empty((pixels, planes), np.uint8)
    for index, (start, end) in enumerate(zip(offsets, ends, strict=False)):
        frame[:, planes - 1 - index] = np.frombuffer(_plane(encoded[start:end], pixels), np.uint8)
    return frame.view(f"<u{planes}").reshape(rows, columns)


def _plane(segment: bytes, length: int) -> bytes:
    """Expand one PackBits segment to `length` bytes; what follows them is padding."""
    out, at, end = bytearray(), 0, len(segment)
    while len(out) < length and at < end:
        control = segment[at]
        if control < 128:
            out += segment[at + 1 : at + 2 + control]
            at += control + 2
        elif control > 128:
            out += segment[at + 1 : at + 2] * (257 - control)
            at += 2
        else:
            at += 1
    if len(out) < length:
        raise ValueError(f"an RLE segment holds {len(out)} of {length} bytes")
    return bytes(out[:length])
