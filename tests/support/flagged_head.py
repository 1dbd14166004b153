"""A head that the shipped model flags: the drawn ones of `ct.py` are too unlike its training images to be flagged."""

import tempfile
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from triage_node.demo.studies import unpack


def flagged_head() -> list[Dataset]:
    """Return the images of the demonstration's study with a hemorrhage, under new UIDs: another study each time."""
    with tempfile.TemporaryDirectory() as folder:
        study = next(unpack(Path(folder)))
        images = [dcmread(path) for path in study.files]
    study_uid, series_uid = generate_uid(), generate_uid()
    for ds in images:
        ds.decompress(generate_instance_uid=False)  # DCMTK's storescu offers no JPEG-LS
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study_uid, series_uid
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return images
