"""Head CT series for all tests, small and complete; `ct_objects` and `ct_enhanced` have what else a PACS sends.

Every builder takes header overrides by keyword; None removes the element. Equal arguments give equal UIDs, and equal
seeds the same study.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from ct_phantom import FIELD_OF_VIEW_MM, head_hu
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

INTERCEPT = -1024


def head_ct(
    slices: int = 32,
    size: tuple[int, int] = (128, 128),
    thickness_mm: float = 5.0,
    lesion: str | None = None,
    seed: int = 0,
    **overrides: object,
) -> list[Dataset]:
    """Return a plain axial head CT, a data set a slice, from feet to head; `lesion` is one of `ct_phantom.LESIONS`."""
    hu = head_hu(slices, size, thickness_mm, lesion, seed)
    name = f"head {slices} {size} {thickness_mm} {lesion}"
    return series_of(hu, FIELD_OF_VIEW_MM, thickness_mm, name, seed, overrides)


def series_of(
    hu: np.ndarray,
    field_mm: float,
    thickness_mm: float,
    name: str,
    seed: int,
    overrides: dict[str, object],
) -> list[Dataset]:
    """Return a series whose pixels are ``(slices, rows, columns)`` HU."""
    uid = generate_uid(entropy_srcs=[name, str(seed), repr(sorted(overrides.items(), key=lambda pair: pair[0]))])
    found = []
    for index, plane in enumerate(hu):
        ds = common(seed, str(overrides.get("SOPClassUID") or CTImageStorage), f"{uid}.{index}")
        ds.SeriesInstanceUID, ds.InstanceNumber = uid, index + 1
        _describe_image(ds, plane.shape, field_mm, thickness_mm, index * thickness_mm)
        ds.PixelData = np.clip(plane - INTERCEPT, 0, 4095).astype("<u2").tobytes()
        ds["PixelData"].VR = "OW"
        found.append(override(ds, overrides))
    return found


def common(seed: int, sop_class_uid: str, entropy: str) -> Dataset:
    """Return a data set with the modules every instance of the study shares (patient, study, series, equipment)."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class_uid, generate_uid(entropy_srcs=["instance", entropy])
    ds.PatientName, ds.PatientID = f"Test^Head{seed}", f"TEST{seed}"
    ds.PatientBirthDate, ds.PatientSex = "19600229", "O"
    ds.StudyInstanceUID = generate_uid(entropy_srcs=["study", str(seed)])
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20240102", "030405", f"S{seed}", f"A{seed}"
    ds.ReferringPhysicianName, ds.StudyDescription = "", "CT HEAD WO CONTRAST"
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=["series", entropy])
    ds.Modality, ds.SeriesNumber = "CT", 2
    ds.SeriesDate, ds.SeriesTime = "20240102", "030405"
    ds.Manufacturer, ds.ManufacturerModelName = "Phantom", "Ellipsoid"
    ds.InstanceNumber = 1
    _file_meta(ds)
    return ds


def override(ds: Dataset, overrides: dict[str, object]) -> Dataset:
    """Set elements by keyword, remove those that are None, and keep the file meta information in step."""
    for keyword, value in overrides.items():
        if value is not None:
            setattr(ds, keyword, value)
        elif keyword in ds:
            delattr(ds, keyword)
    _file_meta(ds)
    return ds


def save(datasets: Iterable[Dataset], folder: Path) -> list[Path]:
    """Write each data set to a file of its own below a folder and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = sum(1 for _ in folder.iterdir())
    paths = []
    for number, ds in enumerate(datasets, taken + 1):
        path = folder / f"{number:04d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def stored(datasets: Sequence[Dataset]) -> np.ndarray:
    """Return the HU written into a series, ``(slices, rows, columns) float32``."""
    planes = [np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns) for ds in datasets]
    return np.stack(planes).astype(np.float32) + INTERCEPT


def _describe_image(ds: Dataset, shape: tuple[int, ...], field_mm: float, thickness_mm: float, z_mm: float) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.ContentDate = ds.AcquisitionDate = "20240102"
    ds.ContentTime = ds.AcquisitionTime = "030405"
    ds.SeriesDescription, ds.BodyPartExamined, ds.PatientPosition = "HEAD 5mm", "HEAD", "HFS"
    ds.KVP, ds.AcquisitionNumber, ds.ConvolutionKernel = "120", 1, "STANDARD"
    ds.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame of reference", str(ds.StudyInstanceUID)])
    ds.PositionReferenceIndicator, ds.SliceThickness = "", thickness_mm
    spacing = [field_mm / shape[0], field_mm / shape[1]]
    ds.PixelSpacing = [round(value, 6) for value in spacing]
    corner = [round(-spacing[1] * (shape[1] - 1) / 2, 4), round(-spacing[0] * (shape[0] - 1) / 2, 4)]
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [*corner, round(z_mm, 4)], [1, 0, 0, 0, 1, 0]
    ds.Rows, ds.Columns = shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, INTERCEPT, "HU"
    ds.WindowCenter, ds.WindowWidth = 40, 80


def _file_meta(ds: Dataset) -> None:
    syntax = ds.file_meta.TransferSyntaxUID if hasattr(ds, "file_meta") else ExplicitVRLittleEndian
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", CTImageStorage)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
