"""Whatever the bytes are: a volume, a reason, or a skipped file; never another error, never much memory."""

import tempfile
from pathlib import Path

import ct
import pytest
from ct_enhanced import enhanced_ct
from ct_series import TODAY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.tag import Tag

from triage_node.errors import UnsuitableSeries
from triage_node.imaging import Policy, Scan, Volume, looks_like_head_ct, read_volume, scan, select_series

pytestmark = pytest.mark.slow

POLICY = Policy(prior_study_days=30, minimum_age_years=18)
KEYWORDS = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "NumberOfFrames",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "RescaleSlope",
    "RescaleIntercept",
    "SliceThickness",
    "ImageType",
    "PatientAge",
    "StudyDate",
    "PatientID",
    "AcquisitionNumber",
    "InstanceNumber",
    "PixelPaddingValue",
    "Modality",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "SpecificCharacterSet",
    "SeriesDescription",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "ContrastBolusAgentSequence",
    "RescaleType",
    "SOPClassUID",
)
VRS = {
    "US": 2,
    "SS": 2,
    "UL": 4,
    "FD": 8,
    "DS": 1,
    "IS": 1,
    "CS": 1,
    "LO": 1,
    "UI": 1,
    "UN": 1,
    "SQ": 1,
    "OB": 1,
    "O?": 1,
}
TEXT = st.sampled_from(
    [b"nan", b"-1", b"0", b"1e308", b"1\\2\\3", b"inf\\0\\0", b"99999999999", b"\xff\xfe", b"", b"\\\\"]
)
SLICES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def survive(found: Scan) -> None:
    select_series(found.series, POLICY, TODAY)
    for series in found.series:
        looks_like_head_ct(series.header)
        for force in (False, True):
            try:
                volume = read_volume(series, POLICY, force)
            except UnsuitableSeries as refusal:
                assert refusal.reasons
            else:
                assert isinstance(volume, Volume)
                assert volume.hu.nbytes < 2**29


@SLICES
@given(
    keyword=st.sampled_from(KEYWORDS),
    vr=st.sampled_from(sorted(VRS)),
    value=st.one_of(TEXT, st.binary(max_size=24)),
    every=st.booleans(),
    enhanced=st.booleans(),
)
def test_any_element_may_hold_anything(keyword, vr, value, every, enhanced):
    datasets = enhanced_ct(slices=12, size=(32, 32)) if enhanced else ct.head_ct(slices=12, size=(32, 32))
    value = value.ljust(-(-len(value) // 8) * 8 if VRS[vr] > 1 else len(value) + len(value) % 2)
    for ds in datasets if every else datasets[-1:]:
        ds._dict[Tag(keyword)] = RawDataElement(Tag(keyword), vr, len(value), value, 0, False, True)
    with tempfile.TemporaryDirectory() as folder:
        for number, ds in enumerate(datasets):
            write_as_it_is(ds, Path(folder, f"{number}.dcm"))
        survive(scan([Path(folder)]))


def write_as_it_is(ds, path: Path) -> None:
    """Write explicit VR little endian without pydicom's checks; raw elements with the VR and bytes they have."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    out.write(bytes(128) + b"DICM")
    write_file_meta_info(out, ds.file_meta)
    for tag in sorted(ds.keys()):
        element = ds.get_item(tag)
        if isinstance(element, RawDataElement):
            out.write(tag.group.to_bytes(2, "little") + tag.elem.to_bytes(2, "little") + element.VR.encode())
            long = element.VR in ("UN", "SQ", "OB")
            out.write(b"\0\0" + element.length.to_bytes(4, "little") if long else element.length.to_bytes(2, "little"))
            out.write(element.value)
        else:
            write_data_element(out, element)
    path.write_bytes(out.getvalue())


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("originals")
    slices = ct.head_ct(slices=12, size=(32, 32)) + enhanced_ct(slices=3, size=(32, 32), seed=1)
    return [path.read_bytes() for path in ct.save(slices, folder)]


@SLICES
@given(data=st.data())
def test_any_byte_may_be_wrong(originals, data):
    with tempfile.TemporaryDirectory() as folder:
        for number, original in enumerate(originals):
            damaged = bytearray(original)
            for _ in range(data.draw(st.integers(0, 3))):
                damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
            if data.draw(st.integers(0, 9)) == 0:
                del damaged[data.draw(st.integers(0, len(damaged))) :]
            Path(folder, f"{number}.dcm").write_bytes(damaged)
        survive(scan([Path(folder)]))
