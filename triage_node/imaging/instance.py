"""An instance on disk: its path and the part of its header that choosing, reading and reporting need."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydicom import Dataset
from pydicom.tag import BaseTag, Tag

from triage_node.errors import InvalidInstance
from triage_node.imaging.header import text, whole
from triage_node.imaging.header_scan import WINDOW_BYTES, scan_header
from triage_node.imaging.part10 import read_header
from triage_node.imaging.part10_file import dicom_errors

PATIENT_AND_STUDY = (
    "SpecificCharacterSet", "TimezoneOffsetFromUTC",
    "PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "TypeOfPatientID",
    "OtherPatientIDs", "PatientBirthDate", "PatientBirthTime", "PatientSex", "PatientAge", "PatientSize",
    "PatientWeight", "EthnicGroup", "PatientComments", "PatientIdentityRemoved", "DeidentificationMethod",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "ReferringPhysicianName", "NameOfPhysiciansReadingStudy", "AdmissionID",
    "ReferencedStudySequence", "ProcedureCodeSequence", "RequestAttributesSequence",
)  # fmt: skip
SERIES_AND_EQUIPMENT = (
    "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SeriesDate", "SeriesTime", "Modality",
    "BodyPartExamined", "AnatomicRegionSequence", "ProtocolName", "PatientPosition", "Laterality",
    "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "StationName", "SoftwareVersions",
    "InstitutionName", "FrameOfReferenceUID", "PositionReferenceIndicator",
)  # fmt: skip
IMAGE = (
    "SOPClassUID", "SOPInstanceUID", "InstanceNumber", "AcquisitionNumber", "AcquisitionDate", "AcquisitionTime",
    "ContentDate", "ContentTime", "ImageType", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
    "SliceThickness", "SpacingBetweenSlices", "SliceLocation", "GantryDetectorTilt", "ReconstructionDiameter",
    "ConvolutionKernel", "KVP", "ContrastBolusAgent", "ContrastBolusAgentSequence", "ContrastBolusRoute",
    "ContrastBolusVolume",
    "LossyImageCompression", "LossyImageCompressionMethod", "BurnedInAnnotation",
    "DerivationDescription", "DerivationCodeSequence",
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "NumberOfFrames", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit",
    "ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "RescaleType", "WindowCenter", "WindowWidth",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ConcatenationUID",
)  # fmt: skip
HEADER_TAGS = tuple(Tag(keyword) for keyword in PATIENT_AND_STUDY + SERIES_AND_EQUIPMENT + IMAGE)
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_UID_TAGS: dict[int, BaseTag] = {int(tag): tag for tag in map(Tag, UIDS)}
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"


@dataclass(frozen=True, eq=False)
class Instance:
    """One SOP instance.

    Attributes
    ----------
    path
        The file.
    header
        The elements of `HEADER_TAGS` that come before the pixel data, and the file meta information.
    """

    path: Path
    header: Dataset

    @classmethod
    def read(cls, path: Path) -> "Instance":
        """Read the header of a file.

        Raises
        ------
        InvalidInstance
            The file is no DICOM instance, or one without the UIDs that name it.
        """
        instance = cls(path, read_header(path, HEADER_TAGS))
        if instance.sop_class_uid == _MEDIA_DIRECTORY:
            raise InvalidInstance("The file is a DICOMDIR, not an instance.")
        for keyword in UIDS:
            if not text(instance.header, keyword):
                raise InvalidInstance(f"The instance has no {keyword}.")
        return instance

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID as received, also where it breaks PS3.5 Section 9.1."""
        return text(self.header, "SOPInstanceUID")

    @property
    def sop_class_uid(self) -> str:
        """SOP Class UID, from the file meta information where the data set has none, "" when unknown."""
        return sop_class_uid(self.header)

    @property
    def instance_number(self) -> int | None:
        """The number that the scanner gave it in its series, which viewers show; None without one."""
        return whole(self.header, "InstanceNumber")

    @property
    def transfer_syntax_uid(self) -> str:
        """Transfer Syntax UID of the file, "" when unknown."""
        return transfer_syntax_uid(self.header)


def sop_class_uid(header: Dataset) -> str:
    """Return the SOP Class UID of a data set or of its file meta information, "" when unknown."""
    return text(header, "SOPClassUID") or text(getattr(header, "file_meta", Dataset()), "MediaStorageSOPClassUID")


def transfer_syntax_uid(header: Dataset) -> str:
    """Return the Transfer Syntax UID of a data set's file meta information, "" when unknown."""
    return text(getattr(header, "file_meta", Dataset()), "TransferSyntaxUID")


@dataclass(frozen=True)
class InstanceNames:
    """The UIDs that name an instance, as received: for whoever has to sort millions of files."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str

    @classmethod
    def of(cls, header: Dataset) -> Self:
        """Return the UIDs of a header."""
        return cls(*(text(header, keyword) for keyword in UIDS))

    @classmethod
    def within(cls, head: bytes) -> Self | None:
        """Return the UIDs in the first `WINDOW_BYTES` of a file; None where it takes a reading of the file itself."""
        try:
            with dicom_errors():
                header = scan_header(head, _UID_TAGS)
                names = None if header is None else cls.of(header)
        except InvalidInstance:
            return None
        return names if names and all(vars(names).values()) else None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the UIDs of a file.

        Raises
        ------
        InvalidInstance
            The file is no DICOM instance, or one without the UIDs that name it, as `Instance.read` says.
        """
        return (cls.within(_head(path)) if path.is_file() else None) or cls.of(Instance.read(path).header)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(WINDOW_BYTES)
    except OSError:
        return b""
