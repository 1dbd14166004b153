"""The quick look at a header finds what pydicom finds, or leaves it to pydicom."""

import io
import warnings

import pytest
from ct import head_ct
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from triage_node.errors import InvalidInstance
from triage_node.imaging import part10
from triage_node.imaging.header import items, texts
from triage_node.imaging.header_scan import DEEPEST, scan_header
from triage_node.imaging.part10_file import LARGEST_HEADER_BYTES, dicom_errors, read_open
from triage_node.imaging.pixel_element import is_pixel_data
from triage_node.ingest.header import TAGS


def nested(depth: int, undefined: bool) -> Dataset:
    ds = Dataset()
    ds.ScheduledProcedureStepID = "STEP"
    ds.RequestedProcedureID = "MÜLLER"
    if depth:
        ds.ReferencedStudySequence = [nested(depth - 1, undefined), nested(0, undefined)]
        ds["ReferencedStudySequence"].is_undefined_length = undefined
    ds.is_undefined_length_sequence_item = undefined
    return ds


def image(syntax: str = ExplicitVRLittleEndian, undefined: bool = True, depth: int = 2) -> Dataset:
    [ds] = head_ct(slices=1, size=(8, 8))
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName = "Müller^Jörg"
    ds.RequestAttributesSequence = [nested(depth, undefined)]
    ds.ReferencedImageSequence = [nested(depth, undefined)]
    for keyword in ("RequestAttributesSequence", "ReferencedImageSequence"):
        ds[keyword].is_undefined_length = undefined
    ds.add_new(0x00090010, "LO", "PRIVATE")
    ds.add_new(0x00091001, "UN", b"\x00\x01" * 9)
    ds.AccessionNumber = ""
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax in (JPEG2000Lossless, RLELossless):
        ds.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x04\0\0\0abcd\xfe\xff\xdd\xe0\0\0\0\0"
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    return ds


def encoded(ds: Dataset) -> bytes:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def by_pydicom(content: bytes) -> Dataset:
    with warnings.catch_warnings(action="ignore"):
        return read_open(io.BytesIO(content), list(TAGS.values()), is_pixel_data, LARGEST_HEADER_BYTES)


def requests(ds: Dataset) -> list[list[tuple[str, ...]]]:
    keywords = ("ScheduledProcedureStepID", "RequestedProcedureID")
    return [[texts(item, keyword) for keyword in keywords] for item in items(ds, "RequestAttributesSequence")]


def assert_same(found: Dataset, expected: Dataset) -> None:
    wanted = {*TAGS, 0x00080005} & set(expected.keys())
    assert set(found.keys()) & {*TAGS, 0x00080005} == wanted
    for tag in wanted:
        ours, theirs = (ds.get_item(tag, keep_deferred=True) for ds in (found, expected))
        if tag in (0x00080005, 0x00400275):  # pydicom has decoded them
            continue
        assert (ours.VR, ours.value) == (theirs.VR, theirs.value), tag
    assert requests(found) == requests(expected)
    assert texts(found, "SpecificCharacterSet") == texts(expected, "SpecificCharacterSet")
    for keyword in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID"):
        assert texts(found.file_meta, keyword) == texts(expected.file_meta, keyword)
    assert found._character_set == expected._character_set


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, RLELossless])
def test_what_is_by_the_book_is_found_as_pydicom_finds_it(syntax, undefined):
    content = encoded(image(syntax, undefined))
    found = scan_header(content, TAGS)
    assert found is not None
    assert_same(found, by_pydicom(content))
    assert str(found.PatientName) == "Müller^Jörg"
    assert found.RequestAttributesSequence[0].RequestedProcedureID == "MÜLLER"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no DICOM",
        encoded(image(ExplicitVRBigEndian)),
        encoded(image(depth=DEEPEST + 2)),
        encoded(image())[:1500],
        encoded(image())[:140],
    ],
    ids=["empty", "text", "big-endian", "deep", "cut off", "cut off in its meta"],
)
def test_the_rest_is_left_to_pydicom(content):
    assert scan_header(content, TAGS) is None


CONTENTS = [
    encoded(image(syntax, undefined))
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    for undefined in (0, 1)
]


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300, deadline=None)
@example(CONTENTS[3], [(745, 0)])  # a tag that is no sequence, of undefined length
@given(st.sampled_from(CONTENTS), st.lists(st.tuples(st.integers(128, 2200), st.integers(0, 255)), max_size=3))
def test_whatever_is_changed_the_same_comes_of_it(content, changes):
    changed = bytearray(content)
    for at, value in changes:
        changed[at % len(changed)] = value
    found, expected = (outcome(read, bytes(changed)) for read in (by_the_node, by_pydicom))
    if isinstance(found, Dataset) and isinstance(expected, Dataset):
        assert_same(found, expected)
    else:
        assert found == expected


def outcome(read, content):
    try:
        with warnings.catch_warnings(action="ignore"), dicom_errors():
            return read(content)
    except InvalidInstance as error:
        return str(error)


def by_the_node(content):
    return part10.parse_header(io.BytesIO(content), TAGS)
