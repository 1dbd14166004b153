"""Which options of the profile are taken (PS3.15 E.3), and the codes that say so in each file (PS3.16 CID 7050)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pydicom import Dataset
from pydicom.tag import Tag

METHODS = {
    "113100": "Basic Application Confidentiality Profile",
    "113102": "Clean Recognizable Visual Features Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113109": "Retain Device Identity Option",
}
BASIC, FACE, MODIFIED_DATES, PATIENT, DEVICE = METHODS
PATIENT_CHARACTERISTICS = (
    "PatientSex", "PatientSexNeutered", "PatientAge", "PatientSize", "PatientWeight", "EthnicGroup", "SmokingStatus",
    "PregnancyStatus",
)  # fmt: skip
"""What PS3.15 Table E.1-1 keeps under this option; texts that it would have cleaned go."""
DEVICE_IDENTITY = (
    "CalibrationDate", "CalibrationDateTime", "CalibrationTime", "DateOfInstallation", "DateOfLastCalibration",
    "DateOfLastDetectorCalibration", "DateOfManufacture", "DateTimeOfLastCalibration", "DetectorID",
    "DeviceDescription", "DeviceLabel", "DeviceSerialNumber", "DeviceUID", "GantryID", "GeneratorID",
    "ManufacturerDeviceClassUID", "ManufacturerDeviceIdentifier", "PerformedStationName",
    "ScheduledStationName", "StationName", "TimeOfLastCalibration", "TimeOfLastDetectorCalibration", "UDISequence",
    "UniqueDeviceIdentifier", "XRayDetectorID", "XRayDetectorLabel", "XRaySourceID",
)  # fmt: skip


class Keep(StrEnum):
    """What may be kept beyond the basic profile."""

    PATIENT = "patient-characteristics"
    DEVICE = "device-identity"


KEPT = {Keep.PATIENT: PATIENT_CHARACTERISTICS, Keep.DEVICE: DEVICE_IDENTITY}


@dataclass(frozen=True)
class Options:
    """How studies are de-identified; dates are always shifted, by so many days for each patient.

    Attributes
    ----------
    keep
        What is kept beyond the basic profile.
    face_removed
        The pixels hold no face any more.
    """

    keep: frozenset[Keep] = frozenset()
    face_removed: bool = False

    @property
    def kept_tags(self) -> frozenset[int]:
        """The attributes that the options keep."""
        return frozenset(Tag(keyword) for one in self.keep for keyword in KEPT[one])

    def methods(self) -> Iterator[Dataset]:
        """Yield the items of De-identification Method Code Sequence (0012,0064)."""
        taken = {BASIC: True, FACE: self.face_removed, MODIFIED_DATES: True}
        taken |= {PATIENT: Keep.PATIENT in self.keep, DEVICE: Keep.DEVICE in self.keep}
        for value in (value for value, is_taken in taken.items() if is_taken):
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", METHODS[value]
            yield item
