"""Generated studies as DICOM files with the tags that the competition left in its images, and no others."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset, config
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from triage_node.complete_file import complete_file
from triage_node.imaging import Volume
from triage_node.train.phantom.dicom_series import ORIENTATION


@dataclass(frozen=True)
class Storage:
    """How Hounsfield units are stored.

    Attributes
    ----------
    bits, signed
        Bits Stored and Pixel Representation.
    intercept
        Rescale Intercept in HU.
    lowest_hu
        Lowest value that can be told from a high one.
    """

    bits: int
    signed: bool
    intercept: int
    lowest_hu: int = -1024

    def stored(self, hu: np.ndarray) -> np.ndarray:
        """Return stored values of an image; what does not fit into 12 bits wraps, as in a part of the competition's."""
        values = np.round(np.maximum(hu, self.lowest_hu)).astype(np.int32) - self.intercept
        if self.signed:
            return values.astype("<i2")
        return (values % 2**self.bits).astype("<u2")


SIGNED = Storage(16, signed=True, intercept=-1024)
UNSIGNED = Storage(12, signed=False, intercept=-1024)
WRAPPED = Storage(12, signed=False, intercept=0, lowest_hu=-1000)


@dataclass(frozen=True)
class Names:
    """Identifiers of a study; those of its images are in the order of the slices."""

    patient: str
    study: str
    series: str
    images: tuple[str, ...]


def write_images(folder: Path, volume: Volume, names: Names, storage: Storage) -> None:
    """Write a volume as one file a slice, named by the image's identifier.

    The identifiers are no UIDs (PS3.5 Section 9.1), as the competition's are none.
    """
    with config.disable_value_validation():
        for index, image in enumerate(names.images):
            with complete_file(folder / f"{image}.dcm") as partial:
                _image(volume, index, names, storage).save_as(partial, enforce_file_format=False)


def cut_off(path: Path) -> None:
    """Cut a file in the middle of its pixel data, as one of the competition's is."""
    content = path.read_bytes()
    with complete_file(path) as partial:
        partial.write_bytes(content[: len(content) // 2])


def _image(volume: Volume, index: int, names: Names, storage: Storage) -> Dataset:
    ds = Dataset()
    ds.preamble = b"\0" * 128
    ds.file_meta = FileMetaDataset()
    ds.file_meta.FileMetaInformationGroupLength = 0  # counted when it is written
    ds.file_meta.FileMetaInformationVersion = b"\0\1"
    ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = UID(names.images[index])
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPInstanceUID = names.images[index]
    ds.Modality, ds.PatientID, ds.StudyID = "CT", names.patient, ""
    ds.StudyInstanceUID, ds.SeriesInstanceUID = names.study, names.series
    _put_plane(ds, volume, index)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, storage.bits, storage.bits - 1
    ds.PixelRepresentation = int(storage.signed)
    ds.WindowCenter, ds.WindowWidth = 40, 80
    ds.RescaleIntercept, ds.RescaleSlope = storage.intercept, 1
    ds.PixelData = storage.stored(volume.hu[index]).tobytes()
    return ds


def _put_plane(ds: Dataset, volume: Volume, index: int) -> None:
    """Set position, directions and spacing (PS3.3 C.7.6.2)."""
    spacing_mm = round(volume.spacing_mm[1], 5)
    corner_mm = round(-spacing_mm * (volume.hu.shape[1] - 1) / 2, 3)
    ds.ImagePositionPatient = [corner_mm, corner_mm, round(float(volume.positions_mm[index]), 3)]
    ds.ImageOrientationPatient = ORIENTATION
    ds.PixelSpacing = [spacing_mm, spacing_mm]
    ds.Rows, ds.Columns = volume.hu.shape[1:]
