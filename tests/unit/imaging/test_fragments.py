"""Encapsulated pixel data as peers really write them: a whole frame is decoded bit for bit, a cut one never."""

import copy
import struct

import ct
import ct_compressed
import numpy as np
import pytest
from ct_enhanced import enhanced_ct
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.imaging import Instance
from triage_node.imaging.pixel_data.codestream import until_end
from triage_node.imaging.pixel_data.fragments import Fragments
from triage_node.imaging.pixel_data.frame_bytes import compressed_frames
from triage_node.imaging.pixel_data.pixels import stored_values
from triage_node.imaging.pixel_data.transcoding import explicit_little_endian

DELIMITER = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
ENDS = {
    "a delimiter": DELIMITER,
    "none": b"",
    "eight NULs": bytes(8),
    "NULs to the end of a block": bytes(500),
    "half a delimiter": DELIMITER[:5],
    "a delimiter of odd length": DELIMITER[:4] + b"\xff\xff\xff\xff",
    "a delimiter and trailing padding": DELIMITER + struct.pack("<HH2sHL", 0xFFFC, 0xFFFC, b"OB", 0, 20) + bytes(20),
}
TAILS = [b"\xff", b"\xff\xff\xff", b"\0", b"\0" * 99, b" ", b"\r\n", b"\xff\0\xff\0"]
# Where the frame begins again, or something like it, behind its end.
TAILS_OF_CODESTREAMS = [*TAILS, b"\xff\xd9", b"\xff\xd8\xff\xd9", b"junk of any kind"]


def jpeg(ds: Dataset, folder) -> Dataset:
    (source,) = ct.save([ds], folder / "raw")
    return dcmread(ct_compressed.dcmtk("dcmcjpeg", source, folder / "lossless.dcm", "+e1"))


ENCODERS = {
    "JPEG": jpeg,
    "JPEG-LS": lambda ds, _: ct_compressed.jpeg_ls(ds),
    "JPEG 2000": lambda ds, _: ct_compressed.jpeg_2000(ds),
    "RLE": lambda ds, _: ct_compressed.rle(ds),
}
CODESTREAMS = ("JPEG", "JPEG-LS", "JPEG 2000")


def item(value: bytes) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(value) + len(value) % 2) + value + b"\0" * (len(value) % 2)


def table(*offsets: int) -> bytes:
    return item(struct.pack(f"<{len(offsets)}L", *offsets))


def rewritten(ds: Dataset, items: bytes, folder) -> Instance:
    """Write a compressed data set with other bytes for the value of its pixel data, which are the last of the file."""
    head = copy.deepcopy(ds)
    del head.PixelData
    (path,) = ct.save([head], folder / "rewritten")
    path.write_bytes(path.read_bytes() + struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + items)
    return Instance.read(path)


@pytest.fixture(params=ENCODERS)
def encoded(request, tmp_path):
    """A compressed slice, its frame without padding, and the values it holds."""
    return slice_by(request.param, tmp_path)


@pytest.fixture(params=CODESTREAMS)
def codestream(request, tmp_path):
    """As `encoded`, in the syntaxes that have an end marker."""
    return slice_by(request.param, tmp_path)


def slice_by(name: str, folder) -> tuple[Dataset, bytes, np.ndarray]:
    (ds,) = ct.head_ct(slices=1, size=(40, 56), seed=3)
    values = np.frombuffer(ds.PixelData, "<u2").reshape(40, 56)
    made = ENCODERS[name](ds, folder)
    (frame,) = generate_frames(made.PixelData, number_of_frames=1)
    return made, frame if name == "RLE" else until_end(frame), values


def decoded(instance: Instance) -> np.ndarray:
    (values,) = stored_values(instance, [1])
    return values


@pytest.mark.parametrize("tail", TAILS, ids=repr)
def test_padding_behind_a_frame_is_no_damage(encoded, tmp_path, tail):
    ds, frame, values = encoded
    np.testing.assert_array_equal(decoded(rewritten(ds, table() + item(frame + tail) + DELIMITER, tmp_path)), values)


@pytest.mark.parametrize("tail", TAILS_OF_CODESTREAMS, ids=repr)
def test_nothing_behind_the_end_of_a_codestream_matters(codestream, tmp_path, tail):
    ds, frame, values = codestream
    np.testing.assert_array_equal(decoded(rewritten(ds, table() + item(frame + tail) + DELIMITER, tmp_path)), values)


@pytest.mark.parametrize("before", [b"\0", b"\0\0\0", b"\xff", b"\xff\xff\xff"], ids=repr)
@pytest.mark.parametrize("name", ["JPEG", "JPEG-LS"])
def test_padding_before_the_end_marker_is_no_damage(name, tmp_path, before):
    ds, frame, values = slice_by(name, tmp_path)
    padded = frame[:-2] + before + frame[-2:]
    np.testing.assert_array_equal(decoded(rewritten(ds, table() + item(padded) + DELIMITER, tmp_path)), values)


@pytest.mark.parametrize("end", ENDS)
def test_the_items_are_taken_whatever_ends_them(encoded, tmp_path, end):
    ds, frame, values = encoded
    instance = rewritten(ds, table() + item(frame) + ENDS[end], tmp_path)
    np.testing.assert_array_equal(decoded(instance), values)
    assert next(compressed_frames(instance.path, [1])).startswith(frame)
    native = dcmread(_written(tmp_path, explicit_little_endian(instance.path)))
    np.testing.assert_array_equal(native.pixel_array, values)


@pytest.mark.parametrize("offsets", [(), (0,), (8,), (0, 4), (99_999_999,), (4, 3, 2, 1)])
@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_an_offset_table_that_is_wrong_is_not_believed(encoded, tmp_path, offsets, pieces):
    ds, frame, values = encoded
    items = b"".join(map(item, split(frame, pieces)))
    np.testing.assert_array_equal(decoded(rewritten(ds, table(*offsets) + items + DELIMITER, tmp_path)), values)


def test_an_offset_table_may_be_missing(encoded, tmp_path):
    ds, frame, values = encoded
    np.testing.assert_array_equal(decoded(rewritten(ds, item(frame) + DELIMITER, tmp_path)), values)


@pytest.mark.parametrize("missing", [1, 2, 3, 10, 200, 1000])
@pytest.mark.parametrize("tail", [b"", b"\xff\xff", bytes(8)], ids=repr)
def test_a_codestream_that_was_cut_stays_unreadable_whatever_follows(codestream, tmp_path, missing, tail):
    ds, frame, _ = codestream
    for end in (DELIMITER, b"", bytes(8)):
        instance = rewritten(ds, table() + item(frame[:-missing] + tail) + end, tmp_path / f"{len(end)}{end[:1].hex()}")
        with pytest.raises(UnsuitableSeries, match=r"has no end|cannot be decoded"):
            decoded(instance)


@pytest.mark.parametrize("missing", [100, 400])
def test_a_scan_that_was_cut_before_its_end_marker_stays_unreadable(codestream, tmp_path, missing):
    ds, frame, _ = codestream
    cut = frame[: -2 - missing] + frame[-2:]
    with pytest.raises(UnsuitableSeries):
        decoded(rewritten(ds, table() + item(cut) + DELIMITER, tmp_path))


@pytest.mark.parametrize("missing", [40, 1000])
def test_a_file_that_was_cut_stays_unreadable(encoded, tmp_path, missing):
    ds, frame, _ = encoded
    instance = rewritten(ds, table() + item(frame), tmp_path)
    instance.path.write_bytes(instance.path.read_bytes()[:-missing])
    with pytest.raises(UnsuitableSeries):
        decoded(instance)
    with pytest.raises(InvalidInstance, match=r"cut off|no pixel data"):
        list(compressed_frames(instance.path, [1]))


@pytest.mark.parametrize("encode", [ct_compressed.jpeg_ls, ct_compressed.jpeg_2000, ct_compressed.rle])
@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("offsets", ["none", "right", "shifted", "junk", "too few"])
def test_frames_of_many_fragments_are_told_apart(tmp_path, encode, pieces, offsets):
    (ds,) = enhanced_ct(slices=4)
    expected = np.frombuffer(ds.PixelData, "<u2").reshape(4, 64, 64)
    frames = [split(frame, pieces) for frame in generate_frames(encode(ds).PixelData, number_of_frames=4)]
    starts = np.cumsum([0, *(sum(len(item(piece)) for piece in frame) for frame in frames)])[:4]
    written = {"none": (), "right": starts, "shifted": starts + 8, "junk": starts * 0 + 77, "too few": starts[:2]}
    items = b"".join(item(piece) for frame in frames for piece in frame)
    instance = rewritten(ds, table(*map(int, written[offsets])) + items, tmp_path)
    np.testing.assert_array_equal(list(stored_values(instance, [4, 1, 2])), expected[[3, 0, 1]])


def test_frames_behind_a_cut_are_missing_and_those_before_it_are_not_mistaken(tmp_path):
    (ds,) = enhanced_ct(slices=4)
    expected = np.frombuffer(ds.PixelData, "<u2").reshape(4, 64, 64)
    frames = list(generate_frames(ct_compressed.rle(ds).PixelData, number_of_frames=4))
    starts = np.cumsum([0, *map(len, map(item, frames))])[:4].tolist()
    two = b"".join(map(item, frames[:2]))
    np.testing.assert_array_equal(
        list(stored_values(rewritten(ds, table(*starts) + two, tmp_path), [1, 2])), expected[:2]
    )
    for number, offsets in ((3, starts), (1, [])):
        with pytest.raises(UnsuitableSeries, match=r"Frame 3 is missing|2 fragments do not make 4 frames"):
            list(stored_values(rewritten(ds, table(*offsets) + two, tmp_path / str(number)), [number]))


def test_a_syntax_without_compression_is_not_read_from_items(tmp_path):
    ds, frame, _ = slice_by("RLE", tmp_path)
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    with pytest.raises(UnsuitableSeries, match="encapsulated, against their transfer syntax"):
        decoded(rewritten(ds, table() + item(frame + bytes(10_000)) + DELIMITER, tmp_path))


def test_data_without_items_are_refused():
    with pytest.raises(ValueError, match="no items"):
        Fragments.of(bytes(100))


def split(frame: bytes, pieces: int) -> list[bytes]:
    length = len(frame) // pieces // 2 * 2
    return [frame[n * length : None if n == pieces - 1 else (n + 1) * length] for n in range(pieces)]


def _written(folder, content: bytes):
    path = folder / "native.dcm"
    path.write_bytes(content)
    return path


def test_no_frames_are_made_of_fragments_of_none():
    data = encapsulate([b"\1\2\3\4"], has_bot=True)
    with pytest.raises(ValueError, match="do not make 0 frames"):
        Fragments.of(data).frames(0)
