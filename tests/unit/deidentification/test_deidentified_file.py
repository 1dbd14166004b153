from datetime import datetime, timedelta

import numpy as np
import pytest
from ct import head_ct
from ct_compressed import dcmtk, jpeg_2000, jpeg_ls, read, rle
from ct_enhanced import enhanced_ct
from ct_objects import localizer, mr_head, secondary_capture, structured_report
from programs import run
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from triage_node.deidentification import Deidentification, Keep, NotExported, Options, Pseudonyms
from triage_node.deidentification.data_set import DUMMY_TEXT
from triage_node.deidentification.pseudonyms import earlier_date, earlier_time
from triage_node.imaging import Instance, frame_count, stored_values


def values_of(ds: Dataset, folder) -> np.ndarray:
    path = folder / "pixels.dcm"
    ds.save_as(path, enforce_file_format=True)
    instance = Instance.read(path)
    return np.stack(list(stored_values(instance, range(1, frame_count(instance) + 1))))


def test_uids_stay_consistent_and_those_of_the_standard_stay(deidentified):
    first, second = (deidentified(ds) for ds in head_ct(slices=2, size=(8, 8)))
    again = deidentified(head_ct(slices=2, size=(8, 8))[0])
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        assert first[keyword].value == second[keyword].value == again[keyword].value
    assert first.SOPInstanceUID == again.SOPInstanceUID != second.SOPInstanceUID
    assert first.SOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert len({first.StudyInstanceUID, first.SeriesInstanceUID, first.FrameOfReferenceUID}) == 3


def test_references_lead_to_the_exported_instances(deidentified):
    images = head_ct(slices=2, size=(8, 8))
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
        images[1].SOPClassUID,
        images[1].SOPInstanceUID,
    )
    images[0].SourceImageSequence = [reference]
    first, second = map(deidentified, images)
    assert first.SourceImageSequence[0].ReferencedSOPInstanceUID == second.SOPInstanceUID


def test_intervals_stay_and_dates_do_not(deidentified):
    early, late = head_ct(slices=1, size=(8, 8))[0], head_ct(slices=1, size=(8, 8), seed=1)[0]
    early.AcquisitionDateTime, late.AcquisitionDateTime = "20240228235950.5+0100", "20240301000010"
    early.StudyDate, late.StudyDate = "20240228", "20240301"
    first, second, other = deidentified(early), deidentified(late), deidentified(early, patient="P2")
    days = [datetime.strptime(ds.StudyDate, "%Y%m%d") for ds in (first, second, other)]
    assert (days[1] - days[0]).days == 2
    assert days[0] != days[2]
    assert all(365 <= (datetime(2024, 2, 28) - day).days <= 3650 for day in (days[0], days[2]))
    moments = [datetime.strptime(str(ds.AcquisitionDateTime)[:14], "%Y%m%d%H%M%S") for ds in (first, second)]
    assert (moments[1] - moments[0]).total_seconds() == 86_420
    assert "+" not in str(first.AcquisitionDateTime)
    assert first.StudyTime == early.StudyTime
    assert first.PatientBirthDate == ""


@pytest.mark.parametrize("value", ["", "2024", "soon", "20241332", "00010101"])
def test_what_is_no_date_is_emptied(value):
    assert earlier_date(value, timedelta(days=400)) == ""
    assert earlier_date("2024.03.01", timedelta(days=1)) == "20240229"
    assert earlier_time(f"{value}1200", timedelta(days=400)) == ""


def test_the_file_says_what_was_done(deidentified):
    [ds] = head_ct(slices=1, size=(8, 8))
    plain = deidentified(ds)
    assert plain.PatientIdentityRemoved == "YES"
    assert plain.LongitudinalTemporalInformationModified == "MODIFIED"
    assert [item.CodeValue for item in plain.DeidentificationMethodCodeSequence] == ["113100", "113107"]
    assert "RecognizableVisualFeatures" not in plain
    options = Options(frozenset(Keep), face_removed=True)
    more = Deidentification(Pseudonyms(bytes(32)), "P1", options).data_set(ds)
    codes = [item.CodeValue for item in more.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113102", "113107", "113108", "113109"]
    assert more.RecognizableVisualFeatures == "NO"
    assert plain.PatientID == str(plain.PatientName) != "P1"


def test_options_keep_what_they_name_and_hide_a_high_age(deidentified):
    [ds] = head_ct(slices=1, size=(8, 8), PatientAge="097Y", DeviceSerialNumber="4711", StationName="CT7")
    plain = deidentified(ds)
    assert "PatientAge" not in plain
    assert (plain.PatientSex, plain.DeviceSerialNumber, plain.StationName) == ("", DUMMY_TEXT, DUMMY_TEXT)
    kept = deidentified(ds, keep=frozenset(Keep))
    assert (kept.PatientAge, kept.PatientSex) == ("090Y", "O")
    assert (kept.DeviceSerialNumber, kept.StationName) == ("4711", "CT7")


def test_a_kept_text_that_names_the_patient_is_emptied(deidentified):
    [ds] = head_ct(slices=1, size=(8, 8), PatientName="Zebedee^Ann", DeviceSerialNumber="4711")
    ds.SoftwareVersions, ds.ConvolutionKernel = ["VA40", "of Zebedee, Ann"], "HEAD_ZEBEDEE"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", "ZEBEDEE"]
    clean = deidentified(ds)
    assert (clean.ConvolutionKernel, clean.SoftwareVersions) == (DUMMY_TEXT, ["VA40", ""])
    assert clean.ImageType == ["ORIGINAL", "PRIMARY", "AXIAL", ""]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("王^小东", "王小东"),
        ("王^小东", "小东医生"),
        ("山田^太郎", "PACS 山田"),
        ("Li^Na", "for Li, Na"),
        ("Юл^Ия", "Юл"),
    ],
)
def test_short_names_are_found_as_far_as_their_script_allows(name, text, deidentified):
    [ds] = head_ct(slices=1, size=(8, 8), PatientName=name, SoftwareVersions=text)
    clean = deidentified(ds)
    expected = text if name == "Li^Na" else DUMMY_TEXT  # two letters of ASCII are anything
    assert clean.SoftwareVersions == expected


@pytest.mark.parametrize(
    ("header", "agent"),
    [
        ({}, None),
        ({"ContrastBolusAgent": "OMNIPAQUE 350 ordered by Dr. Quack"}, "CONTRAST"),
        ({"ContrastBolusAgent": "none, says Dr. Quack"}, "NONE"),
        ({"SeriesDescription": "HEAD POST CONTRAST"}, "CONTRAST"),
    ],
)
def test_whether_there_is_contrast_stays_known(header, agent, deidentified):
    [ds] = head_ct(slices=1, size=(8, 8), **header)
    clean = deidentified(ds)
    assert clean.get("ContrastBolusAgent") == agent
    assert "SeriesDescription" not in clean


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_native_pixels_stay_in_every_transfer_syntax(syntax, deidentified, tmp_path):
    [ds] = head_ct(slices=1, size=(8, 8))
    before = values_of(ds, tmp_path)
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds.file_meta.TransferSyntaxUID = syntax
    clean = deidentified(ds)
    assert clean.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(values_of(clean, tmp_path), before)


def jpeg(ds: Dataset, folder, *options: str) -> Dataset:
    ds.save_as(folder / "native.dcm", enforce_file_format=True)
    return read(dcmtk("dcmcjpeg", folder / "native.dcm", folder / "jpeg.dcm", *options))


COMPRESSIONS = {
    "JPEG-LS": lambda ds, folder: jpeg_ls(ds),
    "JPEG 2000": lambda ds, folder: jpeg_2000(ds),
    "RLE": lambda ds, folder: rle(ds),
    "JPEG": lambda ds, folder: jpeg(ds, folder, "+e1"),
}
SECRET = b"Zebedee Featherstonehaugh"


def with_comment(ds: Dataset, marker: bytes) -> Dataset:
    """Put a comment behind the first segment, and a word behind the end of the codestream."""
    from pydicom.encaps import encapsulate, generate_frames

    [frame] = generate_frames(ds.PixelData, number_of_frames=1)
    at = 2 if marker != b"\xff\x64" else 4 + int.from_bytes(frame[4:6], "big")
    text = b"\0\x01" + SECRET if marker == b"\xff\x64" else SECRET
    segment = marker + (len(text) + 2).to_bytes(2, "big") + text
    ds.PixelData = encapsulate([frame[:at] + segment + frame[at:].rstrip(b"\0") + SECRET])
    return ds


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_pixels_stay(name, deidentified, tmp_path):
    [ds] = head_ct(slices=1, size=(32, 32))
    before = values_of(ds, tmp_path)
    clean = deidentified(COMPRESSIONS[name](ds, tmp_path))
    assert np.array_equal(values_of(clean, tmp_path), before)


@pytest.mark.parametrize(
    ("name", "marker"),
    [("JPEG-LS", b"\xff\xfe"), ("JPEG-LS", b"\xff\xe8"), ("JPEG", b"\xff\xfe"), ("JPEG", b"\xff\xe1"),
     ("JPEG 2000", b"\xff\x64")],
)  # fmt: skip
def test_texts_in_a_codestream_go_and_the_pixels_stay(name, marker, deidentified, tmp_path):
    [ds] = head_ct(slices=1, size=(32, 32))
    before = values_of(ds, tmp_path)
    told = with_comment(COMPRESSIONS[name](ds, tmp_path), marker)
    assert told.PixelData.count(SECRET) == 2
    clean = deidentified(told)
    assert SECRET not in clean.PixelData
    assert np.array_equal(values_of(clean, tmp_path), before)


def test_bytes_behind_native_pixels_go(deidentified):
    [ds] = head_ct(slices=1, size=(8, 8))
    whole = ds.PixelData
    ds.PixelData = whole + SECRET
    assert deidentified(ds).PixelData == whole


REFUSED = {
    "text is burned into": lambda: head_ct(1, (8, 8), BurnedInAnnotation="YES"),
    "no CT image": lambda: [*secondary_capture(), *structured_report(), *mr_head(slices=1)],
    "a screen or page": lambda: [
        *head_ct(1, (8, 8), ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"]),
        *head_ct(1, (8, 8), ConversionType="WSD"),
        *enhanced_ct(2, (8, 8), ImageType=["DERIVED", "SECONDARY", "OTHER", "DOSE_INFO"]),
    ],
    "a page of text": lambda: [
        *head_ct(1, (8, 8), ImagePositionPatient=None),
        *head_ct(1, (8, 8), RescaleSlope=None),
    ],
    "in color": lambda: head_ct(1, (8, 8), SamplesPerPixel=3),
    "no pixels": lambda: head_ct(1, (8, 8), PixelData=None),
    "pixels are cut off": lambda: head_ct(1, (8, 8), PixelData=bytes(100)),
    "unused bits": lambda: head_ct(1, (8, 8)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_may_show_text_is_refused(reason, deidentified):
    for ds in REFUSED[reason]():
        if reason == "unused bits":
            ds.add_new(0x60000010, "US", 8)
        with pytest.raises(NotExported, match=reason):
            deidentified(ds)


def test_a_localizer_is_exported(deidentified):
    assert deidentified(localizer()[0]).ImageType[2] == "LOCALIZER"


def test_overlays_curves_and_private_attributes_go(deidentified):
    [ds] = head_ct(slices=1, size=(8, 8))
    ds.add_new(0x60000010, "US", 8)
    ds.add_new(0x60003000, "OW", bytes(8))
    ds.add_new(0x60000022, "LO", "drawn by Quack")
    ds.add_new(0x50003000, "OW", bytes(8))
    ds.private_block(0x0029, "SIEMENS", create=True).add_new(1, "LO", "x")
    clean = deidentified(ds)
    assert not [tag for tag in clean.keys() if tag.is_private or tag.group in (0x5000, 0x6000)]  # noqa: SIM118


@pytest.mark.parametrize("make", [head_ct, enhanced_ct], ids=["CT", "Enhanced CT"])
@pytest.mark.parametrize("keep", [frozenset(), frozenset(Keep)], ids=["basic", "all options"])
def test_validators_find_no_new_error(make, keep, deidentified, complaints, tmp_path):
    ds = make(slices=2, size=(32, 32))[0]
    ds.InstitutionName, ds.OperatorsName, ds.ProtocolName = "Saint Elsewhere", "Quack^Doc", "Head of Ann"
    before = complaints(ds)
    clean = deidentified(ds, keep=keep)
    assert complaints(clean) - before == set()
    clean.save_as(tmp_path / "dumped.dcm", enforce_file_format=True)
    dumped = run("dcmdump", tmp_path / "dumped.dcm")
    assert (dumped.returncode, dumped.stderr) == (0, "")
