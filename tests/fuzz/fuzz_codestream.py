"""Compressed frames of any bytes: pixels of the size that was announced, or an error; never the end of the process."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import ct
import ct_compressed
import jpeg_ls
import numpy as np
from pydicom import dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from triage_node.imaging.pixel_data.codecs import decode
from triage_node.imaging.pixel_data.pixel_format import PixelFormat

SYNTAXES = (
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    RLELossless,
)
SIDE = 32


def check(content: bytes) -> None:
    """Decode a frame; its first byte chooses the transfer syntax and the bits."""
    syntax, bits = SYNTAXES[content[0] % len(SYNTAXES)] if content else SYNTAXES[0], 16
    if content and content[0] & 0x80:
        bits = 8
    form = PixelFormat(SIDE, SIDE, bits, bits, bits - 1, False, str(syntax), 1)
    try:
        pixels, stored = decode(content[1:], form)
    except Exception as error:
        assert not isinstance(error, MemoryError | AssertionError), error
        return
    assert pixels.shape == (SIDE, SIDE)
    assert pixels.dtype.itemsize <= 2
    assert 0 < stored <= bits


def seeds() -> Iterator[bytes]:
    """Yield a frame of each encoder."""
    values = _values()
    narrow = (values >> 8).astype("u1")
    for number, encode in ((3, ct_compressed.jpeg_ls), (4, ct_compressed.jpeg_2000), (6, ct_compressed.rle)):
        [ds] = ct.head_ct(slices=1, size=(SIDE, SIDE))
        ds.PixelData = values.tobytes()
        yield bytes([number]) + next(generate_frames(encode(ds).PixelData, number_of_frames=1))
    yield b"\x83" + bytes(
        jpeg_ls.encode_pixel_data(narrow.tobytes(), rows=SIDE, columns=SIDE, samples_per_pixel=1, bits_stored=8)
    )
    with tempfile.TemporaryDirectory() as folder:
        [ds] = ct.head_ct(slices=1, size=(SIDE, SIDE), BitsStored=12, HighBit=11)
        ds.PixelData = (values >> 4).tobytes()
        [source] = ct.save([ds], Path(folder, "raw"))
        for number, option in ((2, "+e1"), (1, "+ee"), (0, "+eb")):
            target = ct_compressed.dcmtk("dcmcjpeg", source, Path(folder, "encoded.dcm"), option)
            yield bytes([number]) + next(generate_frames(dcmread(target).PixelData, number_of_frames=1))


@cache
def _values() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 1 << 16, (SIDE, SIDE)).astype("<u2")
