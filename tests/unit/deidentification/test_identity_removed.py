"""Nothing that names the patient is in the bytes that leave: whatever a peer wrote where, in any character set."""

import io
import re
import warnings

import pytest
from ct import head_ct
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import DataElement, Dataset, dcmread
from pydicom.charset import python_encoding
from pydicom.datadict import DicomDictionary, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import generate_uid

from triage_node.deidentification import Deidentification, Pseudonyms, deidentified_file

KEY = bytes(range(32))
NAMES = {
    "ISO_IR 100": ("Grünewald^Änne", "Grünewald"),
    "ISO_IR 144": ("Пушкин^Roza", "Пушкин"),
    "ISO_IR 192": ("Wang^XiaoDong=王^小东", "XiaoDong"),
    "GB18030": ("Wang^XiaoDong=王^小东", "XiaoDong"),
    "": ("Featherstonehaugh^Zebedee", "Zebedee"),
}
PHYSICIAN, INSTITUTION, STATION = "Quackenbush^Doc", "Saint Elsewhere Hospital", "CTROOM7B"
PATIENT_ID, ACCESSION, STUDY_ID, BIRTH, DAY = "MRN-00417765", "ACC9917342", "SID77123", "19611231", "20240117"
TEXTS = ("LO", "SH", "LT", "ST", "UT", "UC", "PN", "AE", "CS", "UR", "IS", "DS", "AS", "TM", "DA", "DT", "UI", "OB")
MANY_BYTES = ("LO", "SH", "LT", "ST", "UT", "UC", "PN")
WRONG_VRS = ("LO", "SH", "ST", "OB", "UN")
IDENTITY = frozenset(
    map(
        Tag,
        (
            "SpecificCharacterSet", "PatientID", "PatientName", "PatientBirthDate", "AccessionNumber", "StudyID",
            "ReferringPhysicianName", "InstitutionName", "StationName", "StudyDate", "SOPClassUID", "SOPInstanceUID",
            "StudyInstanceUID", "SeriesInstanceUID", "PixelData", "ImagePositionPatient", "ImageOrientationPatient",
            "RescaleSlope", "RescaleIntercept", "RescaleType", "ImageType", "BurnedInAnnotation", "ConversionType",
        ),
    )
)  # fmt: skip
PLACES = [
    Tag(tag)
    for tag, (vr, *_) in DicomDictionary.items()
    if vr in TEXTS and tag >> 16 not in (0, 2, 4) and Tag(tag) not in IDENTITY
]
"""Every attribute of the Standard that can hold a text; what is known of the patient stays where it belongs."""
SEQUENCES = (
    "ProcedureCodeSequence", "ReferencedRawDataSequence", "CTExposureSequence", "RequestAttributesSequence",
    "DerivationCodeSequence", "ConceptNameCodeSequence",
)  # fmt: skip


def original(character_set: str) -> Dataset:
    [ds] = head_ct(slices=1, size=(8, 8))
    ds.SpecificCharacterSet = character_set or None
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = NAMES[character_set][0], PATIENT_ID, BIRTH
    ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = ACCESSION, STUDY_ID, PHYSICIAN
    ds.InstitutionName, ds.StationName = INSTITUTION, STATION
    for name in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, f"{name}Date", DAY)
    ds.AcquisitionDateTime = f"{DAY}030405.123+0100"
    return ds


def secrets(ds: Dataset, character_set: str) -> list[bytes]:
    """Return what may not be found, in all ways it may have been written."""
    words = [word for word in re.split(r"[\^=]", NAMES[character_set][0]) if len(word) > 1]
    uids = [ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID, ds.FrameOfReferenceUID]
    texts = [*words, "Quackenbush", INSTITUTION, STATION, PATIENT_ID, ACCESSION, STUDY_ID, BIRTH, DAY, *uids]
    codecs = ("utf-8", "latin-1", "iso8859-5", "gb18030", "utf-16-le")
    found = []
    for text in map(str, texts):
        for codec in codecs:
            try:
                found += [text.encode(codec), text.upper().encode(codec), text.lower().encode(codec)]
            except UnicodeEncodeError:
                continue
    return [one for one in found if len(one) > 2]


def planted(draw, ds: Dataset, character_set: str, depth: int) -> None:
    """Put what names the patient into places that any peer may have filled."""
    telling = [NAMES[character_set][0], NAMES[character_set][1], PATIENT_ID, ACCESSION, "Quackenbush", INSTITUTION]
    telling += [NAMES[character_set][0].split("=")[-1].replace("^", "")]
    telling = [text.split("=")[0].replace("^", " ") for text in telling] + [f"seen {DAY} by X", f"born {BIRTH}"]
    for tag in draw(st.lists(st.sampled_from(PLACES), max_size=20, unique=True)):
        text, vr = draw(st.sampled_from(telling)), dictionary_VR(tag)
        if draw(st.integers(0, 6)) == 0:
            vr = draw(st.sampled_from(WRONG_VRS))
        if vr not in MANY_BYTES and not text.isascii():
            continue
        encoded = text.encode(python_encoding[character_set] if vr in MANY_BYTES else "utf-8")
        encoded += b" " * (len(encoded) % 2)
        ds[tag] = RawDataElement(tag, vr, len(encoded), encoded, 0, False, True)
    if draw(st.booleans()):
        block = ds.private_block(0x0029, f"SIEMENS {PATIENT_ID}"[:60], create=True)
        block.add_new(0x10, "LO", draw(st.sampled_from(telling)))
        block.add_new(0x11, "UN", PATIENT_ID.encode())
        ds.add_new(0x00291101, "OB", ACCESSION.encode())
    if draw(st.booleans()):
        ds.add(DataElement(Tag("ReferencedImageSequence"), "SQ", [reference(ds)]))
    if depth:
        item = Dataset()
        planted(draw, item, character_set, depth - 1)
        sequence = draw(st.sampled_from(SEQUENCES))
        ds.add(DataElement(Tag(sequence), "SQ", [item]))


def reference(ds: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = ds.get("SOPInstanceUID", generate_uid(entropy_srcs=["reference"]))
    return item


@pytest.mark.parametrize("character_set", NAMES)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_names_the_patient_leaves(data, character_set, tmp_path_factory):
    ds, path = original(character_set), tmp_path_factory.mktemp("planted") / "one.dcm"
    with warnings.catch_warnings(action="ignore"):  # peers write what pydicom does not like
        planted(data.draw, ds, character_set, 2)
        ds.save_as(path, enforce_file_format=True)
    uid, content = deidentified_file(path, Deidentification(Pseudonyms(KEY), PATIENT_ID))
    found = [secret for secret in secrets(ds, character_set) if secret in content]
    assert found == []
    clean = dcmread(io.BytesIO(content))
    assert clean.SOPInstanceUID == clean.file_meta.MediaStorageSOPInstanceUID == uid
    assert clean.PatientIdentityRemoved == "YES"
    assert clean.PixelData == ds.PixelData
    assert not [element for element in clean.iterall() if element.tag.is_private]


def test_the_test_finds_what_is_there(tmp_path):
    ds = original("ISO_IR 100")
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    assert len({one for one in secrets(ds, "ISO_IR 100") if one in buffer.getvalue()}) >= 10
