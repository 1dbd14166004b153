"""A codestream without its comments decodes to the same; whatever bytes come, it ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_node.imaging import without_texts

SOC, SIZ, SOT, SOD, EOC = b"\xff\x4f", b"\xff\x51", b"\xff\x90", b"\xff\x93", b"\xff\xd9"


def segment(marker: bytes, content: bytes) -> bytes:
    return marker + (len(content) + 2).to_bytes(2, "big") + content


def comment(text: bytes) -> bytes:
    return segment(b"\xff\x64", b"\0\x01" + text)


def tile(header: bytes, data: bytes, length: int | None = None) -> bytes:
    whole = 12 + len(header) + 2 + len(data) if length is None else length
    return segment(SOT, b"\0\0" + whole.to_bytes(4, "big") + b"\0\1") + header + SOD + data


def test_comments_of_jpeg_2000_are_blanked_in_every_header():
    parts = [tile(comment(b"Ann"), b"\x01\x02\x03"), tile(comment(b"Zoe"), b"\xff\x64\x00", length=0)]
    encoded = SOC + segment(SIZ, bytes(40)) + comment(b"Zebedee") + b"".join(parts) + EOC
    clean = without_texts(encoded + b"Zebedee")
    assert clean == encoded.replace(b"Zebedee", b" " * 7).replace(b"Ann", b"   ").replace(b"Zoe", b"   ")


def test_segments_between_the_scans_of_a_jpeg_go():
    scan = segment(b"\xff\xda", bytes(6)) + b"\x12\xff\x00\x34"
    encoded = b"\xff\xd8" + segment(b"\xff\xc0", bytes(9)) + scan + segment(b"\xff\xfe", b"Ann") + scan + b"\xff\xd9"
    told = encoded.replace(b"\xff\xc0", segment(b"\xff\xe1", b"Zoe") + b"stray" + b"\xff\xc0", 1) + b"Ann"
    clean = without_texts(told)
    assert clean == encoded.replace(segment(b"\xff\xfe", b"Ann"), b"")


@pytest.mark.parametrize("encoded", [b"", b"\xff\xd8", SOC + SIZ, SOC + segment(SIZ, bytes(40)) + SOD + EOC])
def test_what_has_no_end_is_refused(encoded):
    with pytest.raises(ValueError, match="codestream"):
        without_texts(encoded)


@given(
    start=st.sampled_from([b"\xff\xd8", SOC + segment(SIZ, bytes(40))]),
    parts=st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from([SOD, SOT, EOC, b"\xff\xda\x00\x08", b"\xff\x64", b"\xff\xfe\x00\x05abc"]),
            st.builds(tile, st.binary(max_size=5), st.binary(max_size=9), st.integers(0, 60)),
        ),
        max_size=8,
    ),
)
def test_any_bytes_come_to_an_end(start, parts):
    try:
        clean = without_texts(start + b"".join(parts))
    except ValueError:
        return
    assert clean.endswith(EOC)
    assert len(clean) <= len(start) + sum(map(len, parts)) + 2


def test_pixels_of_a_real_encoder_stay():
    from openjpeg import decode
    from openjpeg.utils import encode_array

    pixels = np.random.default_rng(1).integers(0, 4096, (32, 32)).astype("<u2")
    encoded = bytes(encode_array(pixels, bits_stored=12, codec_format=0, use_mct=False))
    assert b"OpenJPEG" in encoded
    clean = without_texts(encoded)
    assert b"OpenJPEG" not in clean
    assert np.array_equal(decode(clean), pixels)
