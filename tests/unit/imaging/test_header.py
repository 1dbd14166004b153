import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from triage_node.imaging.header import day, item, items, number, numbers, text, texts, whole

KEYWORDS = ("ImagePositionPatient", "Rows", "ImageType", "PatientID", "InstanceNumber", "StudyDate", "RescaleSlope")


def received(keyword: str, vr: str | None, value: bytes | None, little: bool = True) -> Dataset:
    """A data set with one element as it came from a file."""
    ds = Dataset()
    ds._dict[Tag(keyword)] = RawDataElement(Tag(keyword), vr, len(value or b""), value, 0, vr is None, little)
    return ds


def test_text_is_stripped_of_padding():
    assert texts(received("ImageType", "CS", b"ORIGINAL\\PRIMARY \\ AXIAL\0"), "ImageType") == (
        "ORIGINAL",
        "PRIMARY",
        "AXIAL",
    )


@pytest.mark.parametrize("value", [None, b"", b"  ", b"\\\\"])
def test_an_empty_element_is_like_an_absent_one(value):
    assert texts(received("ImageType", "CS", value), "ImageType") == ()
    assert text(Dataset(), "ImageType") == ""


def test_an_empty_element_of_no_known_representation_is_like_an_absent_one():
    ds = received("Rows", "O?", None)
    assert texts(ds, "Rows") == ()
    assert numbers(ds, "Rows", 1) is None


def test_an_odd_uid_is_read_without_a_warning():
    assert text(received("StudyInstanceUID", "UI", b"ID_abc123\0"), "StudyInstanceUID") == "ID_abc123"


@pytest.mark.parametrize(("little", "value"), [(True, b"\x00\x02"), (False, b"\x02\x00")])
def test_binary_numbers_follow_the_byte_order(little, value):
    assert whole(received("Rows", "US", value, little), "Rows") == 512


def test_implicit_vr_takes_the_type_from_the_dictionary():
    assert whole(received("Rows", None, b"\x00\x02"), "Rows") == 512


@pytest.mark.parametrize(("vr", "value"), [("DS", b"512"), ("UL", b"\x00\x02\x00\x00"), ("UN", b"\x00\x02")])
def test_the_wrong_vr_is_read_as_what_it_says(vr, value):
    assert whole(received("Rows", vr, value), "Rows") == 512


@pytest.mark.parametrize(
    "value", [b"nan\\0\\0", b"1\\inf\\0", b"1\\2", b"1\\2\\3\\4", b"1\\2\\x", b"1e999\\0\\0", b"1e30\\0\\0"]
)
def test_positions_that_are_no_three_finite_numbers_are_missing(value):
    assert numbers(received("ImagePositionPatient", "DS", value), "ImagePositionPatient", 3) is None


def test_three_numbers_are_three_numbers():
    assert numbers(received("ImagePositionPatient", "DS", b"-1.5\\2 \\ 3e1"), "ImagePositionPatient", 3) == (
        -1.5,
        2,
        30,
    )


def test_a_fraction_is_no_whole_number():
    assert whole(received("InstanceNumber", "IS", b"1.5"), "InstanceNumber") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"20240102", date(2024, 1, 2)),
        (b"2024.01.02", date(2024, 1, 2)),
        (b"20241301", None),
        (b"", None),
        (b"x", None),
    ],
)
def test_dates(value, expected):
    assert day(received("StudyDate", "DA", value), "StudyDate") == expected


def test_text_in_an_unknown_character_set_is_still_text():
    ds = received("SeriesDescription", "LO", b"K\xf6pfchen")
    ds.SpecificCharacterSet = "NO_SUCH_SET"
    assert text(ds, "SeriesDescription")


def test_japanese_text_is_decoded():
    ds = received("SeriesDescription", "LO", "頭部単純".encode())
    ds.SpecificCharacterSet = "ISO_IR 192"
    assert text(ds, "SeriesDescription") == "頭部単純"


def test_a_sequence_that_is_none_has_no_items():
    assert (
        list(items(received("PerFrameFunctionalGroupsSequence", "SQ", b"\xff\xfe\xff"), "PlanePositionSequence")) == []
    )
    assert (
        list(items(received("PerFrameFunctionalGroupsSequence", "LO", b"text"), "PerFrameFunctionalGroupsSequence"))
        == []
    )
    assert len(item(Dataset(), "PlanePositionSequence")) == 0


def test_items_where_text_belongs_are_no_text():
    inner = Dataset()
    inner.PatientName = "Doe^Jane"
    header = Dataset()
    header.add_new("StudyDescription", "SQ", [inner])
    assert texts(header, "StudyDescription") == ()
    assert number(header, "StudyDescription") is None
    assert len(list(items(header, "StudyDescription"))) == 1


@given(
    keyword=st.sampled_from(KEYWORDS),
    vr=st.sampled_from(["DS", "IS", "US", "CS", "UI", "LO", "FD", "UN", "SQ", "PN", "DA", "AT", None]),
    value=st.one_of(st.none(), st.binary(max_size=64)),
    little=st.booleans(),
)
def test_any_bytes_are_read_or_missing(keyword, vr, value, little):
    ds = received(keyword, vr, value, little)
    assert all(isinstance(found, str) for found in texts(ds, keyword))
    found = number(ds, keyword)
    assert found is None or math.isfinite(found)
    numbers(ds, keyword, 3)
    whole(ds, keyword)
    day(ds, keyword)
    items(ds, keyword)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0,488\\0,488", (0.488, 0.488)),
        (b"-119,0625\\+1,5E1", (-119.0625, 15.0)),
        (b"1.875\\1,875", (1.875, 1.875)),
        (b"1.875,1.875\\2", None),
        (b"1,024,0\\2", None),
    ],
)
def test_a_decimal_comma_is_a_point(value, expected):
    assert numbers(received("PixelSpacing", "DS", value), "PixelSpacing", 2) == expected


@pytest.mark.parametrize("vr", ["DS", "IS", "LO", "UN", None])
def test_a_decimal_comma_is_a_point_under_any_representation(vr):
    assert whole(received("InstanceNumber", vr, b"12,0"), "InstanceNumber") == 12


@pytest.mark.parametrize("value", ["1960.02.29", "1960-02-29", "1960/02/29", "1960 02 29", "19600229120000"])
def test_a_date_is_the_same_in_any_form(value):
    assert day(received("PatientBirthDate", "DA", value.encode()), "PatientBirthDate") == date(1960, 2, 29)
