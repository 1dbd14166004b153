"""Small complete objects that are no head CT: what a PACS sends along with one."""

import numpy as np
from ct import common, override, series_of
from ct_phantom import FIELD_OF_VIEW_MM, chest_hu, head_hu
from pydicom import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    ComputedRadiographyImageStorage,
    KeyObjectSelectionDocumentStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)

_SPATIAL = (
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "FrameOfReferenceUID",
    "PositionReferenceIndicator", "RescaleSlope", "RescaleIntercept", "RescaleType", "KVP", "ConvolutionKernel",
    "AcquisitionNumber", "PatientPosition",
)  # fmt: skip


def chest_ct(slices: int = 20, size: tuple[int, int] = (64, 64), seed: int = 0, **overrides: object) -> list[Dataset]:
    """Return an axial chest CT, named as one in its header."""
    named = {"BodyPartExamined": "CHEST", "SeriesDescription": "CHEST 10mm", "SeriesNumber": 5} | overrides
    return series_of(chest_hu(slices, size, 10.0), 400.0, 10.0, f"chest {slices} {size}", seed, named)


def localizer(seed: int = 0, **overrides: object) -> list[Dataset]:
    """Return a lateral and a frontal localizer as one series."""
    hu = chest_hu(2, (64, 64), 10.0)
    named = {
        "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"],
        "SeriesDescription": "Topogram",
        "SeriesNumber": 1,
        "RescaleType": "US",
    }
    found = series_of(hu, 400.0, 1.0, "localizer", seed, named | overrides)
    for ds, orientation in zip(found, ([0, 1, 0, 0, 0, -1], [1, 0, 0, 0, 0, -1]), strict=True):
        ds.ImageOrientationPatient = orientation
    return found


def mr_head(slices: int = 20, seed: int = 0, **overrides: object) -> list[Dataset]:
    """Return a T1-like MR series of the same head, without rescale."""
    named = {
        "SOPClassUID": MRImageStorage,
        "Modality": "MR",
        "SeriesDescription": "T1 AX",
        "SeriesNumber": 6,
        "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
        "ScanningSequence": "SE",
        "SequenceVariant": "NONE",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "EchoTime": 12,
        "RepetitionTime": 500,
        "EchoTrainLength": 1,
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "RescaleType": None,
        "KVP": None,
        "ConvolutionKernel": None,
    }
    hu = head_hu(slices, (64, 64), 5.0, None, seed)
    return series_of(hu, FIELD_OF_VIEW_MM, 5.0, f"mr {slices}", seed, named | overrides)


def secondary_capture(seed: int = 0, **overrides: object) -> list[Dataset]:
    """Return one screen shot in gray."""
    named = {
        "SOPClassUID": SecondaryCaptureImageStorage,
        "Modality": "OT",
        "ConversionType": "WSD",
        "ImageType": ["DERIVED", "SECONDARY"],
        "PatientOrientation": "",
        "SeriesDescription": "Screen",
        "SeriesNumber": 90,
        **dict.fromkeys(_SPATIAL),
    }
    return series_of(np.zeros((1, 32, 32), np.float32), 32.0, 1.0, "capture", seed, named | overrides)


def radiograph(seed: int = 0, **overrides: object) -> list[Dataset]:
    """Return one computed radiograph, an image class the node keeps and does not analyze."""
    named = {
        "SOPClassUID": ComputedRadiographyImageStorage,
        "Modality": "CR",
        "ViewPosition": "AP",
        "PatientOrientation": ["L", "F"],
    }
    named |= dict.fromkeys(_SPATIAL)
    return series_of(np.zeros((1, 32, 32), np.float32), 32.0, 1.0, "radiograph", seed, named | overrides)


def structured_report(seed: int = 0, **overrides: object) -> list[Dataset]:
    """Return a Basic Text SR with one sentence."""
    ds = _document(seed, BasicTextSRStorage, "SR", ("121070", "Findings"))
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    sentence = Dataset()
    sentence.RelationshipType, sentence.ValueType, sentence.TextValue = "CONTAINS", "TEXT", "Nothing of note."
    sentence.ConceptNameCodeSequence = [_code("121071", "Finding")]
    ds.ContentSequence = [sentence]
    return [override(ds, overrides)]


def key_object(image: Dataset, seed: int = 0, **overrides: object) -> list[Dataset]:
    """Return a Key Object Selection document that points at an image of the same study."""
    ds = _document(seed, KeyObjectSelectionDocumentStorage, "KO", ("113000", "Of Interest"))
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    pointer = Dataset()
    pointer.RelationshipType, pointer.ValueType, pointer.ReferencedSOPSequence = "CONTAINS", "IMAGE", [reference]
    ds.ContentSequence = [pointer]
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = image.SeriesInstanceUID, [reference]
    study = Dataset()
    study.StudyInstanceUID, study.ReferencedSeriesSequence = image.StudyInstanceUID, [series]
    ds.CurrentRequestedProcedureEvidenceSequence = [study]
    return [override(ds, overrides)]


def _document(seed: int, sop_class_uid: str, modality: str, title: tuple[str, str]) -> Dataset:
    ds = common(seed, sop_class_uid, modality)
    ds.Modality, ds.SeriesNumber, ds.SeriesDescription = modality, 91, modality
    ds.ContentDate, ds.ContentTime, ds.ValueType = "20240102", "030405", "CONTAINER"
    ds.ReferencedPerformedProcedureStepSequence = []
    if modality == "SR":
        ds.PerformedProcedureCodeSequence = []
    ds.ContinuityOfContent, ds.ConceptNameCodeSequence = "SEPARATE", [_code(*title)]
    return ds


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code
