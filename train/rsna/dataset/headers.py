"""The header of an image as a row of the index, or what is wrong with the file."""

from collections.abc import Mapping
from typing import TypeVar
from zipfile import BadZipFile

import numpy as np
from pydicom import Dataset
from pydicom.tag import Tag

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.imaging import (
    Frame,
    Instance,
    cosines,
    frames_of,
    headward,
    height_mm,
    is_wrapped,
    read_header_and_end,
    text,
    whole,
)
from triage_node.train.rsna.dataset.images import Images, Listed
from triage_node.train.rsna.dataset.problems import Problem, ProblemCode

T = TypeVar("T")
# Length of the normal of two cosines that are no longer two.
_FLATTEST = 0.5
TAGS = tuple(
    Tag(keyword)
    for keyword in (
        "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "SpecificCharacterSet",
        "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "ReconstructionDiameter", "Rows", "Columns",
        "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "BitsAllocated", "BitsStored",
        "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "RescaleType",
    )
)  # fmt: skip
_IDENTITY = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID")


class _Flaw(Exception):
    """Why a file is left out."""

    def __init__(self, code: ProblemCode, sentence: str, image: str = "") -> None:
        super().__init__(sentence)
        self.code, self.image = code, image


def image_row(images: Images, listed: Listed) -> Mapping[str, object] | Problem:
    """Return a row of `IMAGE_SCHEMA`, or what is wrong with the file; no pixel is decoded.

    A file that ends before its pixel data do is a problem, too, where they are not compressed.
    """
    try:
        header, end = _header(images, listed)
        return _row(Instance(images.root, header), listed.name, _extent_checked(header, end, listed))
    except _Flaw as flaw:
        return Problem(listed.name, flaw.image, flaw.code, str(flaw))


def _header(images: Images, listed: Listed) -> tuple[Dataset, int | None]:
    try:
        with images.open(listed) as file:
            return read_header_and_end(file, TAGS)
    except InvalidInstance as error:
        raise _Flaw(ProblemCode.UNREADABLE, str(error)) from error
    except (OSError, BadZipFile) as error:
        raise _Flaw(ProblemCode.UNREADABLE, f"The file cannot be read ({error}).") from error


def _extent_checked(header: Dataset, end: int | None, listed: Listed) -> str:
    """Return the SOP Instance UID of a file that is as long as it says."""
    image = text(header, "SOPInstanceUID")
    if end is None:
        raise _Flaw(ProblemCode.TRUNCATED, f"The file ends after {listed.size} bytes, before any pixel data.", image)
    if end > listed.size:
        raise _Flaw(ProblemCode.TRUNCATED, f"The file has {listed.size} bytes, its pixel data end at {end}.", image)
    return image


def _row(instance: Instance, source: str, image: str) -> Mapping[str, object]:
    header, frame = instance.header, _only_frame(instance, image)
    slope, intercept = _present(frame.rescale, "RescaleSlope and RescaleIntercept", image)
    x, y, z = _present(frame.position_mm, "ImagePositionPatient", image)
    orientation = _present(frame.orientation, "ImageOrientationPatient", image)
    row_mm, column_mm = _present(frame.spacing_mm, "PixelSpacing", image)
    return {
        "sop_instance_uid": image,
        "study_instance_uid": text(header, "StudyInstanceUID"),
        "series_instance_uid": text(header, "SeriesInstanceUID"),
        "patient_id": text(header, "PatientID"),
        "source": source,
        "position_mm": _position_mm(frame, image),
        "image_position_x_mm": x,
        "image_position_y_mm": y,
        "image_position_z_mm": z,
        "image_orientation": orientation,
        "pixel_spacing_row_mm": row_mm,
        "pixel_spacing_column_mm": column_mm,
        "rows": frame.shape[0],
        "columns": frame.shape[1],
        "rescale_slope": slope,
        "rescale_intercept": intercept,
        "bits_stored": _bounded(header, "BitsStored", 1, 32, image),
        "pixel_representation": _bounded(header, "PixelRepresentation", 0, 1, image),
        "photometric_interpretation": text(header, "PhotometricInterpretation"),
        "transfer_syntax_uid": instance.transfer_syntax_uid,
        "wrapped": is_wrapped(header, intercept),
    }


def _only_frame(instance: Instance, image: str) -> Frame:
    """Return the one slice of an instance that says whose and what it is."""
    for keyword in _IDENTITY:
        _present(text(instance.header, keyword) or None, keyword, image)
    try:
        frames = frames_of(instance)
    except UnsuitableSeries as error:
        raise _Flaw(ProblemCode.INCOMPLETE_HEADER, str(error), image) from error
    if len(frames) != 1:
        raise _Flaw(ProblemCode.INCOMPLETE_HEADER, f"The file holds {len(frames)} slices, not one.", image)
    return frames[0]


def _present(value: T | None, keyword: str, image: str) -> T:
    if value is None:
        raise _Flaw(ProblemCode.INCOMPLETE_HEADER, f"The header has no usable {keyword}.", image)
    return value


def _bounded(header: Dataset, keyword: str, low: int, high: int, image: str) -> int:
    value = whole(header, keyword)
    return _present(value if value is not None and low <= value <= high else None, keyword, image)


def _position_mm(frame: Frame, image: str) -> float:
    row, column = cosines(frame)
    if np.linalg.norm(np.cross(row, column)) < _FLATTEST:
        raise _Flaw(ProblemCode.INCOMPLETE_HEADER, "The header has no usable ImageOrientationPatient.", image)
    return height_mm(frame, headward(row, column))
