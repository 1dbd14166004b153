"""A report about nobody, to try whether a destination takes reports."""

from datetime import UTC, datetime

from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from triage_node.findings import Code
from triage_node.report import codes, header
from triage_node.report.document import SERIES_NUMBER, file_meta, private_scheme
from triage_node.report.identity import instance_uid
from triage_node.report.uids import hashed_uid
from triage_node.report.wording import MANUFACTURER

PATIENT_NAME = "TEST^CONNECTION"
PATIENT_ID = "TRIAGE-NODE-TEST"
DESCRIPTION = "TRIAGE: connection test, no patient"


def build_connection_test(node_name: str, at: float) -> Dataset:
    """Return a Comprehensive 3D SR (PS3.3 A.35.13) that says it is a test, in one study of each node.

    Parameters
    ----------
    node_name
        Whose test this is.
    at
        Seconds since 1970; each moment gives an object of its own, as a peer may refuse one it has.
    """
    moment = datetime.fromtimestamp(at, UTC)
    test = Dataset()
    test.PatientName, test.PatientID = PATIENT_NAME, PATIENT_ID
    test.PatientBirthDate = test.PatientSex = ""
    test.StudyInstanceUID = hashed_uid("connection test", node_name)
    test.StudyID, test.StudyDescription = "TEST", DESCRIPTION
    test.StudyDate = test.StudyTime = test.AccessionNumber = test.ReferringPhysicianName = ""
    test.SeriesInstanceUID = hashed_uid("connection test", node_name, repr(at))
    test.Modality, test.SeriesNumber, test.SeriesDescription = "SR", SERIES_NUMBER, DESCRIPTION
    test.ReferencedPerformedProcedureStepSequence = []
    test.Manufacturer = test.ManufacturerModelName = MANUFACTURER
    test.DeviceSerialNumber = test.SoftwareVersions = "TEST"
    test.StationName = header.plain(node_name, 16)
    _document(test, moment)
    _content(test, f"Connection test of {node_name}. This is no patient: the object may be deleted.")
    test.file_meta = file_meta(test)
    return test


def _document(test: Dataset, moment: datetime) -> None:
    """SR Document General and SOP Common modules (PS3.3 C.17.2, C.12.1)."""
    test.SOPClassUID = Comprehensive3DSRStorage
    test.SOPInstanceUID = instance_uid(test.SeriesInstanceUID, Comprehensive3DSRStorage)
    test.InstanceNumber = 1
    test.CompletionFlag, test.VerificationFlag, test.PreliminaryFlag = "COMPLETE", "UNVERIFIED", "PRELIMINARY"
    test.PerformedProcedureCodeSequence = []
    test.TimezoneOffsetFromUTC = "+0000"
    test.InstanceCreationDate = test.ContentDate = moment.strftime("%Y%m%d")
    test.InstanceCreationTime = test.ContentTime = moment.strftime("%H%M%S")


def _content(test: Dataset, sentence: str) -> None:
    """SR Document Content module (PS3.3 C.17.3): a container with one text."""
    text = Dataset()
    text.RelationshipType, text.ValueType = "CONTAINS", "TEXT"
    text.ConceptNameCodeSequence = [_code(codes.SUMMARY)]
    text.TextValue = header.plain(sentence)
    test.ValueType, test.ContinuityOfContent = "CONTAINER", "SEPARATE"
    test.ConceptNameCodeSequence = [_code(codes.CONNECTION_TEST)]
    test.ContentSequence = [text]
    test.CodingSchemeIdentificationSequence = [private_scheme()]


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme, code.meaning
    return item
