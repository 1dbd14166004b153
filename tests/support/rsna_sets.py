"""Series of the RSNA set without the competition's files: in memory, or as DICOM with an index."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from triage_node.findings import LABELS, TYPES
from triage_node.imaging.volume import Volume
from triage_node.models.preprocessing import Geometry
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.phantom.dicom_series import write_volume
from triage_node.train.recipe import read_recipe
from triage_node.train.rsna.dataset.tables import INDEX_SCHEMA, Index, fingerprint, write_index
from triage_node.train.rsna.fitting.slice_sampler import LabeledPool
from triage_node.train.rsna.shards.cache import CachedSeries
from triage_node.train.rsna.shards.slice_rows import bytes_per_plane

SMALL = Geometry(mm_per_pixel=2.5, rows=96, columns=64)
TINY = Geometry(mm_per_pixel=5.0, rows=32, columns=32)


def labels_of(*positive: str) -> np.ndarray:
    """Return six labels; any is one of them where a type is."""
    found = np.array([label in positive for label in LABELS], np.uint8)
    found[-1] |= found.any()
    return found


def cached_series(patient: str, labels: np.ndarray, known: bool = True, geometry: Geometry = TINY) -> CachedSeries:
    """Return a series whose slices are full of brain, one image each, with labels ``(slices, 6)``."""
    count = len(labels)
    rng = np.random.default_rng(abs(hash(patient)) % 2**32)
    stored = rng.integers(60, 100, (count, bytes_per_plane(geometry)), np.uint8)
    stored[:, geometry.rows * geometry.columns :] = 255
    numbers = np.arange(count)
    return CachedSeries(
        patient_id=patient,
        study_instance_uid=f"study {patient}",
        series_instance_uid=f"series {patient}",
        stored=stored,
        geometry=geometry,
        neighbors=np.stack([np.maximum(numbers - 1, 0), np.minimum(numbers + 1, count - 1)], axis=1),
        labels=labels.astype(np.uint8),
        known=np.full(count, known),
        area_cm2=np.full(count, 100, np.float32),
        slice_mm=5.0,
        magnification=1.0,
        images=tuple(f"ID_{patient}{index:03d}" for index in numbers),
        image_labels=labels.astype(np.uint8),
        image_known=np.full(count, known),
        slice_of_image=numbers,
    )


def labeled_pool(geometry: Geometry, patients: int = 20, slices: int = 32) -> LabeledPool:
    """Return augmented slices of patients, every second of whom has a type of hemorrhage in a quarter of the slices."""
    series = []
    for number in range(patients):
        sick = labels_of(str(TYPES[number // 2 % len(TYPES)])) if number % 2 else labels_of()
        labels = np.stack([sick] * (slices // 4) + [labels_of()] * (slices - slices // 4))
        series.append(cached_series(f"p{number}", labels, geometry=geometry))
    return LabeledPool(series, read_recipe().windows, augmentation=Augmentation())


def write_set(folder: Path, studies: Mapping[str, tuple[Volume, np.ndarray]]) -> Index:
    """Write volumes with labels ``(slices, 6)`` as DICOM below ``folder/images`` and their index into the folder."""
    rows = []
    for number, (patient, (volume, labels)) in enumerate(sorted(studies.items())):
        paths = write_volume(folder / "images" / patient, volume, number)
        rows += [_row(folder, path, patient, volume, k, labels[k]) for k, path in enumerate(paths)]
    table = pa.Table.from_pylist(rows, INDEX_SCHEMA)
    index = Index(table, folder / "images", fingerprint(table))
    write_index(folder, index)
    return index


def _row(folder: Path, path: Path, patient: str, volume: Volume, index: int, labels: np.ndarray) -> dict[str, object]:
    from pydicom import dcmread

    ds = dcmread(path, stop_before_pixels=True)
    values: dict[str, object] = {
        "sop_instance_uid": ds.SOPInstanceUID,
        "study_instance_uid": ds.StudyInstanceUID,
        "series_instance_uid": ds.SeriesInstanceUID,
        "patient_id": patient,
        "source": path.relative_to(folder / "images").as_posix(),
        "position_mm": float(volume.positions_mm[index]),
        "image_orientation": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "photometric_interpretation": "MONOCHROME2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "wrapped": False,
        "has_label": True,
        **{str(label): bool(value) for label, value in zip(LABELS, labels, strict=True)},
    }
    return {field.name: values.get(field.name, 0) for field in INDEX_SCHEMA}
