"""Where the model looked, as a DICOM object: Secondary Capture (PS3.3 A.8.1), sent only where a site turns it on."""

from collections.abc import Iterable

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from triage_node.report import codes
from triage_node.report.code_item import code_item
from triage_node.report.content_items import descendants, named, sequence
from triage_node.report.document import file_meta
from triage_node.report.evidence import sop_reference
from triage_node.report.header import text_of
from triage_node.report.identity import picture_series_uid, picture_uid
from triage_node.report.uids import set_uid

SERIES_NUMBER = 9602
DERIVATION = "Gradient-weighted class activation (Grad-CAM) over the slice with the highest score"
DESCRIPTION = "Quality control: where the model looked, not for diagnosis"
# Of the patient, the study, the equipment and the moment; all else in a report is about the document.
COPIED_GROUPS = (0x0008, 0x0010, 0x0018, 0x0020)
OWN_TO_THE_REPORT = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber",
    "InstanceNumber", "ReferencedPerformedProcedureStepSequence", "CodingSchemeIdentificationSequence",
)  # fmt: skip
TIMES = ("InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime", "TimezoneOffsetFromUTC")


def build_picture(report: Dataset, pixels: np.ndarray, sources: Iterable[tuple[str, str]] = ()) -> Dataset:
    """Return a picture that belongs to a report as a Secondary Capture, complete with file meta.

    Parameters
    ----------
    report
        Any variant of the report; patient, study, equipment and times are its own. Where it names a picture
        (`ReportContent.explanation`), this has to be that one.
    pixels
        ``(rows, columns, 3) uint8``, RGB.
    sources
        SOP class and instance UIDs of the received slices it shows.
    """
    picture = Dataset()
    for element in report:
        if element.tag.group in COPIED_GROUPS and element.keyword not in OWN_TO_THE_REPORT + TIMES:
            picture.add(element)
    picture.SOPClassUID = SecondaryCaptureImageStorage
    shown = tuple(sources)
    _describe(picture, shown)
    _derive(picture, report)
    _fill(picture, np.ascontiguousarray(pixels, np.uint8))
    picture.SOPInstanceUID = named_picture(report) or picture_uid(report.SeriesInstanceUID, pixels, shown)
    picture.SeriesInstanceUID = picture_series_uid(picture.SOPInstanceUID)
    for keyword in TIMES:
        picture.add(report[keyword])
    picture.file_meta = file_meta(picture)
    return picture


def named_picture(report: Dataset) -> str:
    """Return the SOP Instance UID of the picture that a report names, "" when it names none."""
    for item in named(descendants(report), codes.VISUAL_EXPLANATION):
        for reference in sequence(item, "ReferencedSOPSequence"):
            return text_of(reference, "ReferencedSOPInstanceUID")
    return ""


def _derive(picture: Dataset, report: Dataset) -> None:
    """What was done (PS3.3 C.7.6.1), and the report it was done for (C.7.3.1, Related Series Sequence).

    The series is named, not an instance: of the report in three SOP classes a PACS holds the one that it took.
    """
    picture.DerivationDescription = DERIVATION
    picture.DerivationCodeSequence = [code_item(codes.CLASS_ACTIVATION)]
    related = Dataset()
    set_uid(related, "StudyInstanceUID", report.StudyInstanceUID)
    set_uid(related, "SeriesInstanceUID", report.SeriesInstanceUID)
    related.PurposeOfReferenceCodeSequence = []
    picture.RelatedSeriesSequence = [related]


def _describe(picture: Dataset, sources: Iterable[tuple[str, str]]) -> None:
    """General Series, SC Equipment, General Image and General Reference (PS3.3 C.7.3.1, C.8.6.1, C.7.6.1, C.12.4)."""
    picture.Modality = "OT"
    picture.Laterality = ""
    picture.SeriesNumber = SERIES_NUMBER
    picture.SeriesDescription = DESCRIPTION
    picture.ConversionType = "WSD"
    picture.InstanceNumber = 1
    picture.PatientOrientation = ""
    picture.ImageType = ["DERIVED", "SECONDARY"]
    picture.ImageComments = DESCRIPTION
    # The caption names the label and the score, never the patient.
    picture.BurnedInAnnotation = "NO"
    references = [sop_reference(sop_class_uid, sop_instance_uid) for sop_class_uid, sop_instance_uid in sources]
    if references:
        picture.SourceImageSequence = references


def _fill(picture: Dataset, pixels: np.ndarray) -> None:
    """Image Pixel module (PS3.3 C.7.6.3)."""
    picture.SamplesPerPixel = 3
    picture.PhotometricInterpretation = "RGB"
    picture.PlanarConfiguration = 0
    picture.Rows, picture.Columns = pixels.shape[:2]
    picture.BitsAllocated = picture.BitsStored = 8
    picture.HighBit = 7
    picture.PixelRepresentation = 0
    data = pixels.tobytes()
    picture.add_new("PixelData", "OB", data + b"\0" * (len(data) % 2))
