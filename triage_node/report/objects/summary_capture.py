"""A report as one page that every viewer shows: Secondary Capture (PS3.3 A.8.1), one frame, RGB."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from triage_node.report import codes
from triage_node.report.code_item import code_item
from triage_node.report.evidence import sop_reference
from triage_node.report.objects.derived import begun, named, related_series, report_reference
from triage_node.report.objects.shown_slice import ShownSlice

SERIES_NUMBER = 9603
TITLE = "summary"
DERIVATION = "Page drawn from the report it refers to, with its best slices in windows of brain and subdural blood"


def build_summary(
    report: Dataset,
    slices: Sequence[ShownSlice] = (),
    localization: np.ndarray | None = None,
    patient: bool = False,
) -> Dataset:
    """Return the summary of a report, complete with file meta; the arguments are those of `draw_page`."""
    from triage_node.report.page import draw_page

    summary = begun(report, SecondaryCaptureImageStorage, "OT", SERIES_NUMBER, TITLE)
    summary.Laterality = ""
    summary.ConversionType = "WSD"
    summary.PatientOrientation = ""
    summary.ImageType = ["DERIVED", "SECONDARY"]
    # The name is in the header in any case; this says whether it can be read in the picture (PS3.3 C.7.6.1.1.5).
    summary.BurnedInAnnotation = "YES" if patient else "NO"
    summary.DerivationDescription = DERIVATION
    if sources := _sources(slices):
        summary.SourceImageSequence = sources
    summary.SourceInstanceSequence = [report_reference(report)]
    summary.RelatedSeriesSequence = [related_series(report)]
    named(summary, report, TITLE, *_digests(slices, localization))
    _fill(summary, draw_page(report, slices, localization, patient))
    return summary


def _sources(slices: Iterable[ShownSlice]) -> list[Dataset]:
    received = {source: None for shown in slices for source in shown.sources}
    items = [sop_reference(each.sop_class_uid, each.sop_instance_uid, each.frame_number) for each in received]
    for item in items:
        item.PurposeOfReferenceCodeSequence = [code_item(codes.SOURCE_IMAGE)]
    return items


def _digests(slices: Iterable[ShownSlice], localization: np.ndarray | None) -> list[str]:
    pictures = [shown.hu for shown in slices] + ([] if localization is None else [localization])
    return [hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest() for picture in pictures]


def _fill(summary: Dataset, pixels: np.ndarray) -> None:
    """Image Pixel module (PS3.3 C.7.6.3)."""
    summary.SamplesPerPixel = 3
    summary.PhotometricInterpretation = "RGB"
    summary.PlanarConfiguration = 0
    summary.Rows, summary.Columns = pixels.shape[:2]
    summary.BitsAllocated = summary.BitsStored = 8
    summary.HighBit = 7
    summary.PixelRepresentation = 0
    # The width is even, so the value is.
    summary.add_new("PixelData", "OB", pixels.tobytes())
