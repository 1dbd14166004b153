"""Image modules and file meta information that lie about sizes: little memory, a sentence, no picture of nonsense."""

import io
import struct
import tracemalloc

import ct
import ct_compressed
import pytest
from ct_enhanced import enhanced_ct
from ct_raw import file_as_it_is, put
from fuzz_part10 import check
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from triage_node.errors import InvalidInstance, TriageError, UnsuitableSeries
from triage_node.imaging import Policy, explicit_little_endian, little_endian_frames, read_volume, rendered, scan
from triage_node.imaging.frame import MOST_FRAMES
from triage_node.ingest.header import read_open_header

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning:pydicom")]

LITTLE_BYTES = 32 << 20
UNDEFINED, GIGABYTES = 0xFFFFFFFF, 0xFFFFFFFE
READERS = [lambda path: list(rendered(path)), lambda path: list(little_endian_frames(path)), explicit_little_endian]


def us(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def ul(value: int) -> bytes:
    return struct.pack("<L", value)


def image(**overrides: object) -> Dataset:
    return ct.head_ct(slices=1, size=(32, 32), **overrides)[0]


def read_in_little_memory(content: bytes) -> None:
    tracemalloc.start()
    try:
        check(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LITTLE_BYTES


@pytest.mark.parametrize(
    ("vr", "value"), [("UL", ul(32)), ("SL", ul(32)), ("IS", b"32"), ("DS", b"32.0"), ("FD", struct.pack("<d", 32))]
)
@pytest.mark.parametrize("keyword", ["Rows", "Columns"])
def test_a_side_of_another_representation_is_read_as_the_number_it_is(tmp_path, keyword, vr, value):
    ds = image()
    put(ds, keyword, vr, value)
    path = tmp_path / "odd.dcm"
    path.write_bytes(file_as_it_is(ds))
    [picture] = rendered(path)
    assert picture.shape == (32, 32)
    [(plain, [frame])] = [(ds.PixelData, list(little_endian_frames(path)))]
    assert frame == plain


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("US", us(65535)),
        ("US", us(0)),
        ("UL", ul(UNDEFINED)),
        ("UL", ul(65536)),
        ("SL", ul(UNDEFINED)),
        ("SS", us(65535)),
        ("DS", b"1e308"),
        ("DS", b"32.5"),
        ("IS", b"-32"),
        ("US", b""),
        ("US", b"\1"),
        ("LO", b"many"),
        ("SQ", b""),
        ("FD", b"\xff" * 8),
    ],
)
@pytest.mark.parametrize("make", [lambda ds: ds, ct_compressed.jpeg_2000, ct_compressed.jpeg_ls, ct_compressed.rle])
def test_sides_that_are_none_cost_nothing_and_show_nothing(tmp_path, make, vr, value):
    ds = make(image())
    for keyword in ("Rows", "Columns"):
        put(ds, keyword, vr, value)
    content = file_as_it_is(ds)
    read_in_little_memory(content)
    path = tmp_path / "odd.dcm"
    path.write_bytes(content)
    with pytest.raises(TriageError):
        list(rendered(path))


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1, RLELossless])
def test_a_large_matrix_and_a_frame_of_nothing_cost_nothing(syntax):
    ds = image(Rows=65535, Columns=65535, NumberOfFrames=2_147_483_647)
    ds.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    read_in_little_memory(buffer.getvalue())


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("NumberOfFrames", b"2147483647"),
        ("NumberOfFrames", b"-1"),
        ("NumberOfFrames", b"99999"),
        ("BitsAllocated", us(0)),
        ("BitsAllocated", us(1)),
        ("BitsAllocated", us(64)),
        ("BitsAllocated", us(65535)),
        ("BitsStored", us(65535)),
        ("HighBit", us(65535)),
        ("SamplesPerPixel", us(65535)),
        ("SamplesPerPixel", us(0)),
        ("SamplesPerPixel", us(3)),
        ("PlanarConfiguration", us(65535)),
        ("PixelRepresentation", us(65535)),
    ],
)
def test_a_pixel_module_out_of_range_costs_nothing(keyword, value):
    ds = image()
    put(ds, keyword, "IS" if keyword == "NumberOfFrames" else "US", value + b" " * (len(value) % 2))
    read_in_little_memory(file_as_it_is(ds))


FILE_META = {
    "a transfer syntax of 4 GB": (b"\x02\0\x10\0UI", b"\x02\0\x10\0OB\0\0" + ul(GIGABYTES)),
    "a transfer syntax without an end": (b"\x02\0\x10\0UI", b"\x02\0\x10\0SQ\0\0" + ul(UNDEFINED)),
    "a version of 4 GB": (b"\x02\0\x01\0OB\0\0", b"\x02\0\x01\0UN\0\0" + ul(GIGABYTES)),
    "a class of 4 GB": (b"\x02\0\x02\0UI", b"\x02\0\x02\0UT\0\0" + ul(GIGABYTES)),
    "a group length of 4 GB": (b"\x02\0\0\0UL\x04\0", b"\x02\0\0\0UL\x04\0" + ul(GIGABYTES)),
    "a group length that is text": (b"\x02\0\0\0UL\x04\0", b"\x02\0\0\0UT\0\0" + ul(GIGABYTES)),
    "a group length of no bytes": (b"\x02\0\0\0UL\x04\0", b"\x02\0\0\0UL\0\0"),
    "a VR of none": (b"\x02\0\x10\0UI", b"\x02\0\x10\0??"),
}


@pytest.mark.parametrize(("at", "damage"), FILE_META.values(), ids=FILE_META.keys())
@pytest.mark.parametrize("follows", [0, 5000])
def test_file_meta_information_that_lies_about_its_length_costs_nothing(at, damage, follows):
    content = file_as_it_is(image())
    assert at in content
    start = content.index(at)
    damaged = content[:start] + damage + content[start + len(at) :] + bytes(follows)
    read_in_little_memory(damaged)


@pytest.mark.parametrize("element", [0x0001, 0x0002, 0x0010, 0x0013, 0x0102])
def test_nothing_that_announces_gigabytes_before_the_data_set_is_kept(element):
    content = file_as_it_is(image())
    start = content.index(b"\x02\0\x02\0UI")
    odd = struct.pack("<HH2sHL", 2, element, b"OB", 0, GIGABYTES)
    with pytest.raises(InvalidInstance):
        read_open_header(io.BytesIO(content[:start] + odd + content[start:]))


PALETTES = {
    "absent": {},
    "descriptor of one value": {"Descriptor": us(256)},
    "descriptor empty": {"Descriptor": b""},
    "data absent": {"Descriptor": us(256, 0, 16)},
    "data empty": {"Descriptor": us(256, 0, 16), "Data": b""},
    "data short": {"Descriptor": us(256, 0, 16), "Data": us(*range(16))},
    "65536 entries of which two are there": {"Descriptor": us(0, 0, 16), "Data": us(1, 2)},
    "first value out of range": {"Descriptor": us(16, 65535, 16), "Data": us(*range(16))},
    "entries of no bits": {"Descriptor": us(16, 0, 0), "Data": us(*range(16))},
    "entries of 65535 bits": {"Descriptor": us(16, 0, 65535), "Data": us(*range(16))},
}


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_is_no_gray_whatever_its_module_holds(tmp_path, palette, bits):
    ds = image(PhotometricInterpretation="PALETTE COLOR", BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1)
    for color in ("Red", "Green", "Blue"):
        for part, value in palette.items():
            keyword = f"{color}PaletteColorLookupTable{part}"
            put(ds, keyword, "OW" if part == "Data" else "US", value)
    content = file_as_it_is(ds)
    read_in_little_memory(content)
    path = tmp_path / "palette.dcm"
    path.write_bytes(content)
    with pytest.raises(UnsuitableSeries, match="PALETTE COLOR"):
        list(rendered(path))
    assert not is_analyzed(tmp_path)


LUTS = {
    "no item": None,
    "an empty item": {},
    "descriptor of one value": {"LUTDescriptor": us(256)},
    "no data": {"LUTDescriptor": us(256, 0, 16)},
    "data short": {"LUTDescriptor": us(4096, 0, 16), "LUTData": us(1, 2)},
    "first value out of range": {"LUTDescriptor": us(4, 65535, 16), "LUTData": us(1, 2, 3, 4)},
    "entries of no bits": {"LUTDescriptor": us(4, 0, 0), "LUTData": us(1, 2, 3, 4)},
}


def with_lut(ds: Dataset, keyword: str, lut: dict[str, bytes] | None) -> Dataset:
    item = b""
    for name, value in (lut or {}).items():
        vr, element = (b"US", 0x3002) if name == "LUTDescriptor" else (b"OW", 0x3006)
        head = struct.pack("<HH2s", 0x0028, element, vr)
        head += struct.pack("<H", len(value)) if vr == b"US" else struct.pack("<HL", 0, len(value))
        item += head + value
    value = b"" if lut is None else struct.pack("<HHL", 0xFFFE, 0xE000, len(item)) + item
    put(ds, keyword, "SQ", value)
    return ds


@pytest.mark.parametrize("lut", LUTS.values(), ids=LUTS.keys())
@pytest.mark.parametrize("keyword", ["ModalityLUTSequence", "VOILUTSequence"])
@pytest.mark.parametrize("rescaled", [True, False])
def test_a_lookup_table_may_hold_anything(keyword, lut, rescaled):
    ds = image() if rescaled else image(RescaleSlope=None, RescaleIntercept=None, RescaleType=None)
    read_in_little_memory(file_as_it_is(with_lut(ds, keyword, lut)))


def test_values_that_go_through_a_lookup_table_are_not_shown_and_not_analyzed_without_it(tmp_path):
    lut = {"LUTDescriptor": us(4, 0, 16), "LUTData": us(1, 2, 3, 4)}
    plain = {"RescaleSlope": None, "RescaleIntercept": None, "RescaleType": None}
    path = tmp_path / "lut.dcm"
    path.write_bytes(file_as_it_is(with_lut(image(**plain), "ModalityLUTSequence", lut)))
    with pytest.raises(InvalidInstance, match="Modality LUT"):
        list(rendered(path))
    assert not is_analyzed(tmp_path)


def is_analyzed(folder) -> bool:
    """Tell whether Hounsfield units are made of a folder with a single series."""
    [series] = scan([folder]).series
    try:
        read_volume(series, Policy(prior_study_days=30, minimum_age_years=18), True)
    except UnsuitableSeries as refusal:
        assert refusal.reasons
        return False
    return True


ITEM = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
SEQUENCE_END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)


def with_inserted(elements: bytes) -> bytes:
    content = file_as_it_is(image())
    at = content.index(b"\xe0\x7f\x10\0OW")
    return content[:at] + elements + content[at:]


def test_a_million_empty_elements_cost_no_time_and_no_memory():
    elements = b"".join(struct.pack("<HH2sH", 0x0029 + 2 * (n >> 16), n & 0xFFFF, b"LO", 0) for n in range(900_000))
    content = with_inserted(elements)
    with pytest.raises(InvalidInstance, match="more than 20000 elements"):
        read_open_header(io.BytesIO(content))


@pytest.mark.parametrize("request_attributes", [b"\x40\0\x75\x02SQ\0\0", b"\x40\0\x75\x02UN\0\0"])
def test_a_million_empty_items_cost_no_time_and_no_memory(request_attributes):
    items = ITEM * 900_000
    content = with_inserted(request_attributes + struct.pack("<L", len(items)) + items)
    with pytest.raises(InvalidInstance, match="more than 200000 items"):
        read_open_header(io.BytesIO(content))


@pytest.mark.slow
def test_a_million_items_in_a_sequence_without_a_length_are_given_up_on():
    content = with_inserted(b"\x40\0\x75\x02SQ\0\0" + ul(UNDEFINED) + ITEM * 900_000 + SEQUENCE_END)
    with pytest.raises(InvalidInstance, match="more than 200000 items"):
        read_open_header(io.BytesIO(content))


@pytest.mark.slow
def test_an_enhanced_image_of_all_the_frames_there_may_be_is_read():
    ds = enhanced_ct(slices=2, size=(8, 8))[0]
    groups = ds.PerFrameFunctionalGroupsSequence
    ds.PerFrameFunctionalGroupsSequence = [groups[0]] * MOST_FRAMES
    for element in ds.iterall():
        element.is_undefined_length = element.VR == "SQ"
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    assert read_open_header(io.BytesIO(buffer.getvalue())).sop_instance_uid == ds.SOPInstanceUID
