"""A generated study as a DICOM CT series, the way a scanner would send it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from triage_node.complete_file import complete_file
from triage_node.findings import Label
from triage_node.imaging import Volume
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.atlas_cache import load_atlas
from triage_node.train.phantom.head import Pose
from triage_node.train.phantom.scanner import Scanner
from triage_node.train.phantom.study import GeneratedStudy, Recipe, generate_study

ACQUISITION_DATE, ACQUISITION_TIME = "20260105", "083000"
ORIENTATION = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
INTERCEPT_HU = -1024


def demo_recipe(types: tuple[Label, ...], size: int = 512, slice_mm: float = 5.0) -> Recipe:
    """Return a quiet, complete, straight study of good quality, as for a demonstration.

    Parameters
    ----------
    size
        Rows and columns; the field of view is 230 mm.
    """
    scanner = Scanner(
        blur_mm=0.5,
        slice_blur=0.2,
        noise_hu=2.5,
        grain_mm=0.5,
        tail_share=0.0,
        tail_mm=2.0,
        cupping_hu=1.5,
        cupping_mm=4.0,
        cupping_lobes=0.0,
        slope_hu=(0.0, 0.0),
        vertex_hu=0.0,
        streaks_hu=1.0,
        floor_hu=3.0,
        petrous_hu=4.0,
        offset_hu=0.0,
    )
    return Recipe(
        types=types,
        pose=Pose(turn=2.0, nod=6.0, lean=1.0),
        size=size,
        mm_per_pixel=230 / size,
        slice_mm=slice_mm,
        lowest_mm=-62.0,
        highest_mm=90.0,
        scanner=scanner,
        plain=True,
    )


def generate_demo(
    seed: int, types: tuple[Label, ...] = (), size: int = 512, slice_mm: float = 5.0, atlas: Atlas | None = None
) -> GeneratedStudy:
    """Return one whole-head study with the hemorrhage types asked for; the same arguments give the same study."""
    recipe = demo_recipe(types, size, slice_mm)
    return generate_study(atlas or load_atlas(), recipe, np.random.default_rng(seed))


def _uid(seed: int, *parts: str) -> UID:
    return generate_uid(entropy_srcs=["triage-node phantom", str(seed), *parts])


def _patient_and_study(seed: int) -> Dataset:
    """Return the attributes that all images share (PS3.3 A.3: CT Image IOD)."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = f"Phantom^Seed{seed}", f"PHANTOM{seed:06d}"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19600101", "O", "066Y"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = _uid(seed, "study"), _uid(seed, "series")
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = _uid(seed, "frame"), ""
    for name in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, f"{name}Date", ACQUISITION_DATE)
        setattr(ds, f"{name}Time", ACQUISITION_TIME)
    ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = f"P{seed:06d}", str(seed), ""
    ds.StudyDescription, ds.SeriesDescription = "CT HEAD WITHOUT CONTRAST", "HEAD 5mm"
    ds.Modality, ds.BodyPartExamined, ds.PatientPosition = "CT", "HEAD", "HFS"
    ds.SeriesNumber, ds.AcquisitionNumber = 2, 1
    ds.Manufacturer, ds.ManufacturerModelName = "triage-node", "In-silico head CT"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.KVP, ds.ConvolutionKernel = 120, "SOFT"
    return ds


def _image(shared: Dataset, volume: Volume, index: int, seed: int) -> Dataset:
    """Return one CT image (PS3.3 C.8.2.1) with its pixels as unsigned 12 bits."""
    ds = Dataset()
    ds.update(shared)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = _uid(seed, "image", str(index))
    ds.InstanceNumber = index + 1
    position_mm = round(float(volume.positions_mm[index]), 3)
    spacing_mm = round(volume.spacing_mm[1], 5)
    corner_mm = round(-spacing_mm * (volume.hu.shape[1] - 1) / 2, 3)
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [corner_mm, corner_mm, position_mm], ORIENTATION
    ds.SliceLocation, ds.SliceThickness = position_mm, round(volume.spacing_mm[0], 3)
    ds.PixelSpacing = [spacing_mm, spacing_mm]
    ds.Rows, ds.Columns = volume.hu.shape[1:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = INTERCEPT_HU, 1, "HU"
    ds.WindowCenter, ds.WindowWidth = 40, 80
    stored = np.clip(np.round(volume.hu[index]) - INTERCEPT_HU, 0, 4095).astype("<u2")
    ds.PixelData = stored.tobytes()
    return ds


def write_volume(folder: Path, volume: Volume, seed: int) -> list[Path]:
    """Write a volume as one DICOM file a slice, feet first; UIDs follow from the seed.

    The volume's axes are those of a patient lying head first and supine, so rows run to the back, columns to the left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shared, paths = _patient_and_study(seed), []
    for index in range(len(volume.hu)):
        path = folder / f"{index + 1:03d}.dcm"
        with complete_file(path) as partial:
            _image(shared, volume, index, seed).save_as(partial, enforce_file_format=True)
        paths.append(path)
    return paths


def write_series(
    folder: Path,
    seed: int,
    types: tuple[Label, ...] = (),
    size: int = 512,
    slice_mm: float = 5.0,
    atlas: Atlas | None = None,
) -> list[Path]:
    """Generate a whole-head study and write it as a DICOM CT series.

    Parameters
    ----------
    folder
        Receives one file a slice, about thirty.
    seed
        Decides the head; the same seed gives the same files.
    types
        Hemorrhage types to put in, none for a plain head.
    size
        Rows and columns.
    slice_mm
        Distance between slices in mm.
    atlas
        From `load_atlas`, to write several series without loading it again.

    Returns
    -------
    list of pathlib.Path
        The files written, from feet to head.
    """
    study = generate_demo(seed, types, size, slice_mm, atlas)
    volume = replace(study.volume, positions_mm=np.asarray(study.volume.positions_mm, np.float64))
    return write_volume(folder, volume, seed)
