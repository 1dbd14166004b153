"""Deflated data sets: what is read is what was deflated, and a small file cannot cost much memory."""

import io
import random
import tracemalloc
import zlib

import ct
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from triage_node.errors import InvalidInstance
from triage_node.imaging.inflating import KEPT_BYTES, Inflating
from triage_node.imaging.part10 import read_everything
from triage_node.imaging.pixel_element import read_pixel_data
from triage_node.ingest.header import read_open_header

# Tag, VR and length of Pixel Data as explicit VR has them, with 400 MB announced.
LONG_PIXEL_DATA = b"\xe0\x7f\x10\x00OW\0\0" + (400 << 20).to_bytes(4, "little")
LONG_PRIVATE = b"\x09\x00\x10\x10OB\0\0" + (300 << 20).to_bytes(4, "little")


def deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


def file_of(ds, *more: bytes) -> io.BytesIO:
    """A deflated file: its header, then what is not written by pydicom."""
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    del ds.PixelData
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    content = buffer.getvalue()
    start = 144 + int.from_bytes(content[140:144], "little")
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    parts = [deflater.compress(zlib.decompress(content[start:], -zlib.MAX_WBITS))]
    parts += [deflater.compress(part) for part in more]
    return io.BytesIO(content[:start] + b"".join(parts) + deflater.flush())


def test_any_reading_order_gives_the_bytes_that_were_deflated(seed):
    rng = random.Random(seed)
    content = rng.randbytes(300_000) + bytes(2_000_000)
    file = Inflating(io.BytesIO(deflated(content)), len(content))
    at = 0
    for _ in range(200):
        at = max(at - rng.randrange(KEPT_BYTES // 4), 0) if rng.random() < 0.3 else at + rng.randrange(20_000)
        size = rng.choice([0, 1, 8, 5_000, 100_000])
        file.seek(at)
        assert file.read(size) == content[at : at + size]
        at = file.tell()
    file.seek(len(content) - 5)
    assert file.read() == content[-5:]
    assert file.read(8) == b""


def test_a_reader_that_goes_back_too_far_is_refused():
    file = Inflating(io.BytesIO(deflated(bytes(8 * KEPT_BYTES))), 8 * KEPT_BYTES)
    file.seek(7 * KEPT_BYTES)
    file.read(1)
    file.seek(0)
    with pytest.raises(InvalidInstance):
        file.read(1)


@pytest.mark.parametrize("long_element", [LONG_PIXEL_DATA, LONG_PRIVATE], ids=["pixel data", "private element"])
def test_the_header_of_a_bomb_is_read_in_little_memory(long_element):
    [ds] = ct.head_ct(slices=1, size=(16, 16))
    file = file_of(ds, long_element, *([bytes(1 << 20)] * (100 if long_element is LONG_PIXEL_DATA else 20)))
    tracemalloc.start()
    try:
        header = read_open_header(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert header.sop_instance_uid == ds.SOPInstanceUID
    assert peak < 16 << 20


def test_the_pixels_of_a_bomb_are_refused_in_little_memory(tmp_path):
    path = tmp_path / "bomb.dcm"
    path.write_bytes(
        file_of(ct.head_ct(slices=1, size=(16, 16))[0], LONG_PIXEL_DATA, *[bytes(1 << 20)] * 100).getvalue()
    )
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInstance, match="inflates to more"):
            read_pixel_data(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20


def test_a_deflated_file_is_read_whole(tmp_path):
    [ds] = ct.head_ct(slices=1)
    pixels = ds.PixelData
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    [path] = ct.save([ds], tmp_path)
    assert read_everything(path).PixelData == pixels
