"""What every object that goes with a report takes over from it, and how it gets its UIDs."""

from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from triage_node.report.document import file_meta
from triage_node.report.evidence import sop_reference
from triage_node.report.header import text_of
from triage_node.report.identity import content_uid, instance_uid
from triage_node.report.uids import hashed_uid, set_uid

# Of the patient, the study, the equipment and the moment; all else in a report is about the document.
COPIED_GROUPS = (0x0008, 0x0010, 0x0018, 0x0020)
OWN_TO_THE_REPORT = frozenset([
    "SOPClassUID", "SOPInstanceUID", "Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber",
    "InstanceNumber", "ReferencedPerformedProcedureStepSequence", "CodingSchemeIdentificationSequence",
])  # fmt: skip
TIMES = ("InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime", "TimezoneOffsetFromUTC")
LARGEST_DESCRIPTION = 64


def begun(report: Dataset, sop_class_uid: str, modality: str, series_number: int, title: str) -> Dataset:
    """Return an object in a series of its own, of the patient, the study and the equipment of a report.

    Parameters
    ----------
    report
        Any variant of it.
    title
        What the object is; with the answer it is the description of its series.
    """
    ds = Dataset()
    for element in report:
        if (
            element.tag.group in COPIED_GROUPS
            and element.keyword not in OWN_TO_THE_REPORT
            and element.keyword not in TIMES
        ):
            ds.add(element)
    ds.SOPClassUID = sop_class_uid
    ds.Modality = modality
    ds.SeriesNumber = series_number
    answer = text_of(report, "SeriesDescription").partition(":")[2].strip()
    ds.SeriesDescription = f"TRIAGE {title}: {answer}"[:LARGEST_DESCRIPTION].strip()
    ds.InstanceNumber = 1
    return ds


def named(ds: Dataset, report: Dataset, role: str, *more: str) -> Dataset:
    """Give an object its UIDs, its times and its file meta.

    The UIDs follow from the report, from what is written so far and from `more`, not from the time at which the report
    was made: the same result is the same object.
    """
    ds.SeriesInstanceUID = hashed_uid(report.SeriesInstanceUID, role, content_uid(ds), *more)
    ds.SOPInstanceUID = hashed_uid(ds.SeriesInstanceUID, "instance")
    for keyword in TIMES:
        if keyword in report:
            ds.add(report[keyword])
    ds.file_meta = file_meta(ds)
    return ds


def report_reference(report: Dataset) -> Dataset:
    """Return an item that refers to a report in the class that is offered first, whichever variant is given."""
    return sop_reference(Comprehensive3DSRStorage, instance_uid(report.SeriesInstanceUID, Comprehensive3DSRStorage))


def related_series(report: Dataset) -> Dataset:
    """Return an item that refers to the series of a report (PS3.3 C.7.3.1), in whichever class a PACS has it."""
    item = Dataset()
    set_uid(item, "StudyInstanceUID", report.StudyInstanceUID)
    set_uid(item, "SeriesInstanceUID", report.SeriesInstanceUID)
    item.PurposeOfReferenceCodeSequence = []
    return item
