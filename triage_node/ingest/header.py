"""What the node has to know of an instance before it keeps it; read without touching the pixels."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from triage_node.errors import InvalidInstance
from triage_node.imaging import item, looks_like_head_ct, parse_header, text, whole
from triage_node.ingest.sop_classes import is_storage

TAGS = {
    int(Tag(keyword)): Tag(keyword)
    for keyword in (
        "SpecificCharacterSet",
        "ImageType",
        "LossyImageCompression",
        "DerivationDescription",
        "DerivationCodeSequence",
        "AnatomicRegionSequence",
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyDate",
        "AccessionNumber",
        "Modality",
        "Manufacturer",
        "StationName",
        "StudyDescription",
        "SeriesDescription",
        "ManufacturerModelName",
        "PatientName",
        "PatientID",
        "BodyPartExamined",
        "ProtocolName",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "RequestedProcedurePriority",
        "StudyTime",
        "StudyID",
        "ReferringPhysicianName",
        "PatientBirthDate",
        "PatientSex",
        "TimezoneOffsetFromUTC",
        "SeriesNumber",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "RequestAttributesSequence",
        "InstanceNumber",
        "Rows",
        "Columns",
        "BitsAllocated",
        "NumberOfFrames",
    )
}
URGENT = {"STAT", "HIGH", "CRITICAL"}
# PS3.5 9.1 allows digits and dots; what RSNA-2019 and others write instead is odd but harmless.
TOLERATED_UID = re.compile(r"[0-9A-Za-z._-]{1,64}")


@dataclass(frozen=True)
class Header:
    """The identity of an instance and the little of its header that the worklist shows."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    patient_id: str
    patient_name: str
    accession_number: str
    study_description: str
    study_date: str
    modality: str
    series_description: str
    station_name: str
    scanner: str
    study_time: str
    study_identifier: str
    referring_physician_name: str
    patient_birth_date: str
    patient_sex: str
    timezone_offset: str
    series_number: int | None
    performed_date: str
    performed_time: str
    scheduled_procedure_step_id: str
    requested_procedure_id: str
    instance_number: int | None
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    number_of_frames: int | None
    eligible: bool
    urgent: bool


def read_header(content: bytes) -> Header:
    """Read the header of a DICOM file's bytes, one the node has kept before; raises as `read_open_header` does."""
    return _read(io.BytesIO(content), _header)


def read_open_header(file: BinaryIO) -> Header:
    """Read the header of a DICOM file (PS3.10) that comes in; how much is read and inflated is bounded.

    Raises
    ------
    InvalidInstance
        It is no DICOM file, is cut off in the header, lacks a usable UID, is of a class that is not stored or of
        another one than its File Meta Information says; the sentence names the element.
    """
    return _read(file, _arriving)


def is_uid(text: str) -> bool:
    """Tell whether a text can stand for a UID; letters are odd, and harmless."""
    return TOLERATED_UID.fullmatch(text) is not None and not set(text) <= {"."}


def _read(file: BinaryIO, make: Callable[[Dataset], Header]) -> Header:
    ds = parse_header(file, TAGS)
    try:
        return make(ds)
    except InvalidInstance:
        raise
    except Exception as error:  # the border to a peer's bytes: values are decoded on access, and may raise anything
        raise InvalidInstance(f"The header cannot be read ({type(error).__name__}).") from error


def _arriving(ds: Dataset) -> Header:
    header = _header(ds)
    announced = text(ds.file_meta, "MediaStorageSOPClassUID") or header.sop_class_uid
    if announced != header.sop_class_uid:
        raise InvalidInstance("The instance is of another SOP class than was announced.", announced=announced)
    if not is_storage(header.sop_class_uid):
        raise InvalidInstance(f"The SOP class {header.sop_class_uid} is none of storage.", sop_class=announced)
    return header


def _header(ds: Dataset) -> Header:
    meta = getattr(ds, "file_meta", Dataset())
    if "TransferSyntaxUID" not in meta:
        raise InvalidInstance("The file does not say its transfer syntax.")
    announced = text(meta, "MediaStorageSOPInstanceUID") or _uid(ds, "SOPInstanceUID")
    if announced != _uid(ds, "SOPInstanceUID"):
        raise InvalidInstance("The instance is not the one that was announced.", announced=announced)
    request = item(ds, "RequestAttributesSequence")
    return Header(
        study_instance_uid=_uid(ds, "StudyInstanceUID"),
        series_instance_uid=_uid(ds, "SeriesInstanceUID"),
        sop_instance_uid=_uid(ds, "SOPInstanceUID"),
        sop_class_uid=_uid(ds, "SOPClassUID"),
        transfer_syntax_uid=_uid(meta, "TransferSyntaxUID"),
        patient_id=_text(ds, "PatientID"),
        patient_name=_text(ds, "PatientName"),
        accession_number=_text(ds, "AccessionNumber"),
        study_description=_text(ds, "StudyDescription"),
        study_date=_text(ds, "StudyDate"),
        modality=_text(ds, "Modality"),
        series_description=_text(ds, "SeriesDescription"),
        station_name=_text(ds, "StationName"),
        scanner=f"{_text(ds, 'Manufacturer')} {_text(ds, 'ManufacturerModelName')}".strip(),
        study_time=_text(ds, "StudyTime"),
        study_identifier=_text(ds, "StudyID"),
        referring_physician_name=_text(ds, "ReferringPhysicianName"),
        patient_birth_date=_text(ds, "PatientBirthDate"),
        patient_sex=_text(ds, "PatientSex"),
        timezone_offset=_text(ds, "TimezoneOffsetFromUTC"),
        series_number=whole(ds, "SeriesNumber"),
        performed_date=_text(ds, "PerformedProcedureStepStartDate"),
        performed_time=_text(ds, "PerformedProcedureStepStartTime"),
        scheduled_procedure_step_id=_text(request, "ScheduledProcedureStepID"),
        requested_procedure_id=_text(request, "RequestedProcedureID"),
        instance_number=whole(ds, "InstanceNumber"),
        rows=whole(ds, "Rows"),
        columns=whole(ds, "Columns"),
        bits_allocated=whole(ds, "BitsAllocated"),
        number_of_frames=whole(ds, "NumberOfFrames"),
        eligible=looks_like_head_ct(ds),
        urgent=_text(ds, "RequestedProcedurePriority").upper() in URGENT,
    )


def _uid(ds: Dataset, keyword: str) -> str:
    value = text(ds, keyword)
    if not value:
        raise InvalidInstance(f"{keyword} is missing.")
    if not is_uid(value):
        raise InvalidInstance(f"{keyword} is not a UID of at most 64 characters.")
    return value


def _text(ds: Dataset, keyword: str) -> str:
    return printable(text(ds, keyword))


def printable(value: str) -> str:
    """Return the beginning of a text without control characters and halves of characters (lone surrogates).

    They have no place in a name: in a terminal one would be a command, and a database refuses NUL and surrogates.
    """
    if not value.isprintable():
        value = "".join(character for character in value if character.isprintable())
    return value[:256]
