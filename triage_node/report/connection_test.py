"""A report about nobody, to try whether a destination takes reports."""

from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from triage_node import __version__
from triage_node.report import codes, header
from triage_node.report.code_item import code_item
from triage_node.report.document import SERIES_NUMBER, file_meta, private_scheme
from triage_node.report.identity import instance_uid
from triage_node.report.moment import stamp
from triage_node.report.uids import hashed_uid
from triage_node.report.wording import MANUFACTURER

PATIENT_NAME = "TEST^CONNECTION"
PATIENT_ID = "TRIAGE-NODE-TEST"
DESCRIPTION = "TRIAGE: connection test, no patient"


def build_connection_test(node_name: str, device_uid: str, at: datetime) -> Dataset:
    """Return a Comprehensive 3D SR (PS3.3 A.35.13) that says it is a test, in one study of each installation.

    Parameters
    ----------
    node_name
        Whose test this is.
    device_uid
        UID of that installation.
    at
        When, in the time zone of the node; each moment gives an object of its own, as a peer may refuse one it has.
    """
    test = Dataset()
    test.PatientName, test.PatientID = PATIENT_NAME, PATIENT_ID
    test.PatientBirthDate = test.PatientSex = ""
    test.StudyInstanceUID = hashed_uid("connection test", device_uid)
    test.StudyID, test.StudyDescription = "TEST", DESCRIPTION
    test.StudyDate = test.StudyTime = test.AccessionNumber = test.ReferringPhysicianName = ""
    test.SeriesInstanceUID = hashed_uid("connection test", device_uid, at.isoformat())
    test.Modality, test.SeriesNumber, test.SeriesDescription = "SR", SERIES_NUMBER, DESCRIPTION
    test.ReferencedPerformedProcedureStepSequence = []
    test.Manufacturer = test.ManufacturerModelName = MANUFACTURER
    test.DeviceSerialNumber, test.SoftwareVersions = device_uid, __version__
    test.StationName = header.plain(node_name, 16)
    _document(test, at)
    _content(test, f"Connection test of {node_name}. This is no patient: the object may be deleted.")
    test.file_meta = file_meta(test)
    return test


def _document(test: Dataset, at: datetime) -> None:
    """SR Document General and SOP Common modules (PS3.3 C.17.2, C.12.1)."""
    test.SOPClassUID = Comprehensive3DSRStorage
    test.SOPInstanceUID = instance_uid(test.SeriesInstanceUID, Comprehensive3DSRStorage)
    test.InstanceNumber = 1
    test.CompletionFlag, test.VerificationFlag, test.PreliminaryFlag = "COMPLETE", "UNVERIFIED", "PRELIMINARY"
    test.PerformedProcedureCodeSequence = []
    stamp(test, at)


def _content(test: Dataset, sentence: str) -> None:
    """SR Document Content module (PS3.3 C.17.3): a container with one text."""
    text = Dataset()
    text.RelationshipType, text.ValueType = "CONTAINS", "TEXT"
    text.ConceptNameCodeSequence = [code_item(codes.SUMMARY)]
    text.TextValue = header.plain(sentence)
    test.ValueType, test.ContinuityOfContent = "CONTAINER", "SEPARATE"
    test.ConceptNameCodeSequence = [code_item(codes.CONNECTION_TEST)]
    test.ContentSequence = [text]
    test.CodingSchemeIdentificationSequence = [private_scheme()]
