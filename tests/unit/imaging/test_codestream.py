import ct
import ct_compressed
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames

from triage_node.imaging.pixel_data.codestream import Codestream, without_applications

FRAME = b"\xff\xc3\x00\x0b\x10\x00\x40\x00\x50\x01\x01\x11\x00"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00data\xff\xd9"
TABLE = b"\xff\xc4\x00\x04\x00\x00"
COMMENT = b"\xff\xfe\x00\x05abc"
JFIF = b"\xff\xe0\x00\x06JFIF"


def frame_of(ds) -> bytes:
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    return frame


@pytest.mark.parametrize("encoder", [ct_compressed.jpeg_ls, ct_compressed.jpeg_2000])
def test_size_is_read_from_the_codestream(encoder):
    encoded = frame_of(encoder(ct.head_ct(slices=1, size=(40, 56))[0]))
    assert Codestream.of(encoded) == Codestream(rows=40, columns=56, precision=16, components=1)


def test_size_is_found_behind_other_segments_and_fill_bytes():
    encoded = b"\xff\xd8" + JFIF + COMMENT + b"\xff\xff" + FRAME + SCAN
    assert Codestream.of(encoded) == Codestream(rows=64, columns=80, precision=16, components=1)


def test_only_what_decoding_needs_is_kept():
    assert (
        without_applications(b"\xff\xd8" + JFIF + TABLE + COMMENT + FRAME + SCAN) == b"\xff\xd8" + TABLE + FRAME + SCAN
    )


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8" + FRAME,
        b"\xff\xd8\x00" + FRAME + SCAN,
        b"\xff\xd8\xff\xe0\xff\xff",
        b"\xff\xd8\xff\xc8\x00\x02" + SCAN,
    ],
)
def test_damaged_headers_are_refused(encoded):
    with pytest.raises(ValueError, match=r"\w"):
        without_applications(encoded)


@given(
    encoded=st.binary(max_size=200),
    prefix=st.sampled_from([b"", b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "]),
)
def test_any_bytes_are_a_size_or_a_value_error(encoded, prefix):
    try:
        Codestream.of(prefix + encoded)
    except ValueError as error:
        assert str(error)
