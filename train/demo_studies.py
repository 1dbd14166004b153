"""The three studies that come with the node for its demonstration, made from nothing but the generator."""

import tempfile
import zipfile
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless, generate_uid

from triage_node.complete_file import complete_file
from triage_node.findings import Label
from triage_node.imaging import Volume
from triage_node.train.phantom.atlas_cache import load_atlas
from triage_node.train.phantom.dicom_series import generate_demo, write_series, write_volume

SEEDS = {"hemorrhage": 22, "plain": 42, "not_analyzable": 13}
HEMORRHAGE = (Label.INTRAPARENCHYMAL, Label.INTRAVENTRICULAR)
TOO_FEW = 3
# 32 slices over the generator's 152 mm.
SLICE_MM = 4.75


def write_demo_studies(folder: Path) -> list[Path]:
    """Write ``hemorrhage.zip``, ``plain.zip`` and ``not_analyzable.zip``, the pixels as lossless JPEG-LS.

    The third holds a localizer and three slices: what a PACS forwards when a scan was broken off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    atlas = load_atlas()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_series(work / "hemorrhage", SEEDS["hemorrhage"], HEMORRHAGE, slice_mm=SLICE_MM, atlas=atlas)
        write_series(work / "plain", SEEDS["plain"], slice_mm=SLICE_MM, atlas=atlas)
        _write_broken_off(work / "not_analyzable", generate_demo(SEEDS["not_analyzable"], atlas=atlas).volume)
        return [_pack(work / name, folder / f"{name}.zip") for name in SEEDS]


def _write_broken_off(folder: Path, volume: Volume) -> None:
    middle = len(volume.hu) // 2
    few = slice(middle, middle + TOO_FEW)
    positions = np.asarray(volume.positions_mm[few], np.float64)
    paths = write_volume(folder, Volume(volume.hu[few], volume.spacing_mm, positions), SEEDS["not_analyzable"])
    localizer = _localizer(dcmread(paths[0]), volume)
    localizer.save_as(folder / "localizer.dcm", enforce_file_format=True)


def _localizer(ds: Dataset, volume: Volume) -> Dataset:
    """Return a lateral projection of the head as a localizer of the same study (PS3.3 C.8.2.1.1.1)."""
    lateral = volume.hu.mean(axis=2)[::-1]
    stored = np.clip(np.repeat(lateral, 4, axis=0) + 1024, 0, 4095).astype("<u2")
    seed = str(SEEDS["not_analyzable"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=["triage-node demo localizer series", seed])
    ds.SOPInstanceUID = generate_uid(entropy_srcs=["triage-node demo localizer", seed])
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.ImageType, ds.SeriesDescription, ds.SeriesNumber = ["ORIGINAL", "PRIMARY", "LOCALIZER"], "SCOUT", 1
    ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    ds.ImagePositionPatient = [0, -115, float(volume.positions_mm[-1])]
    ds.PixelSpacing = [volume.spacing_mm[0] / 4, volume.spacing_mm[1]]
    ds.Rows, ds.Columns = stored.shape
    ds.PixelData = stored.tobytes()
    return ds


def _pack(folder: Path, archive: Path) -> Path:
    with complete_file(archive) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.glob("*.dcm")):
            ds = dcmread(path)
            ds.compress(JPEGLSLossless, generate_instance_uid=False)
            ds.save_as(path)
            # A fixed time keeps the archive the same from one making to the next.
            opened.writestr(zipfile.ZipInfo(path.name, (2026, 1, 1, 0, 0, 0)), path.read_bytes())
    return archive
