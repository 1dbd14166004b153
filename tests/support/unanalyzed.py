"""Images that a node takes and never analyzes, for who measures how fast it takes them."""

from pathlib import Path

from ct import head_ct
from pydicom.uid import MRImageStorage, generate_uid

SLICES = 300


def write_images(folder: Path) -> Path:
    """Write 300 images of 512 x 512 into a folder, and return it."""
    written = head_ct(slices=1, size=(512, 512), SOPClassUID=MRImageStorage, Modality="MR") * SLICES
    for number, ds in enumerate(written):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.save_as(folder / f"{number:03d}.dcm")
    return folder
