"""Whatever the bytes are: a volume, a reason, or a skipped file; never another error, never much memory."""

import tempfile
from pathlib import Path

import ct
import pytest
from ct_enhanced import enhanced_ct
from ct_raw import file_as_it_is, put
from ct_series import TODAY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
        put(ds, keyword, vr, value)
    with tempfile.TemporaryDirectory() as folder:
        for number, ds in enumerate(datasets):
            Path(folder, f"{number}.dcm").write_bytes(file_as_it_is(ds))
        survive(scan([Path(folder)]))


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
