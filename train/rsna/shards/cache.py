"""The shards of an index as one set of series, whose slices are read from disk when they are asked for."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.models import Geometry
from triage_node.train.rsna.dataset.indexed_series import series_starts
from triage_node.train.rsna.shards.shard import ShardPaths, read_table
from triage_node.train.rsna.shards.sharding import read_description
from triage_node.train.rsna.shards.slice_rows import unpack

USUAL_SLICE_MM = 5.0


@dataclass(frozen=True)
class CachedSeries:
    """One series; its slices are those the network sees, its images those of the competition.

    Attributes
    ----------
    patient_id, study_instance_uid, series_instance_uid
        Whose it is.
    stored
        ``(slices, bytes) uint8``, see `triage_node.train.rsna.shards.slice_rows`; memory-mapped.
    geometry
        Frame of the slices.
    neighbors
        ``(slices, 2) int``.
    labels
        ``(slices, 6) uint8``: a slice is positive when one of its images is.
    known
        ``(slices,) bool``: whether all its images are labeled.
    area_cm2
        ``(slices,) float32``, intracranial area.
    slice_mm
        The height that a slice stands for; shards from before it was kept read as the usual ones.
    magnification
        How much larger than it is the head is shown.
    images
        SOP Instance UIDs.
    image_labels
        ``(images, 6) uint8``.
    image_known
        ``(images,) bool``.
    slice_of_image
        ``(images,) int``, -1 where an image was refused.
    """

    patient_id: str
    study_instance_uid: str
    series_instance_uid: str
    stored: np.ndarray
    geometry: Geometry
    neighbors: np.ndarray
    labels: np.ndarray
    known: np.ndarray
    area_cm2: np.ndarray
    slice_mm: float
    magnification: float
    images: tuple[str, ...]
    image_labels: np.ndarray
    image_known: np.ndarray
    slice_of_image: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def clean(self) -> np.ndarray:
        """Return which slices are known to be free of hemorrhage."""
        found: np.ndarray = self.known & ~self.labels.any(axis=1)
        return found

    def planes(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return gray values and bits of some slices."""
        return unpack(self.stored[indices], self.geometry)


@dataclass(frozen=True)
class Cache:
    """All series of a folder of shards, those without a slice among them."""

    folder: Path
    geometry: Geometry
    series: tuple[CachedSeries, ...]

    @cached_property
    def patients(self) -> list[str]:
        """Return the patient of each series."""
        return [series.patient_id for series in self.series]

    def of_patients(self, patients: set[str]) -> tuple[CachedSeries, ...]:
        """Return the series of some patients."""
        return tuple(series for series in self.series if series.patient_id in patients)


def open_cache(folder: Path, geometry: Geometry | None = None) -> Cache:
    """Return the series of a complete folder of shards.

    Parameters
    ----------
    geometry
        What the network reads; None to take the shards' own.

    Raises
    ------
    TriageError
        When it is no such folder, is not complete, or was made with another geometry.
    """
    description = read_description(folder)
    made = Geometry(**description["geometry"])
    if geometry is not None and made != geometry:
        raise TriageError(f"The shards in {folder} were made with {made}, the network reads {geometry}.")
    series: list[CachedSeries] = []
    for number in range(description["shards"]):
        paths = ShardPaths.of(folder, number)
        if not paths.complete:
            raise TriageError(f"The shards in {folder} are not complete: call `triage-node-train rsna shards` again.")
        series += _series_of(paths, made)
    return Cache(folder, made, tuple(series))


def _series_of(paths: ShardPaths, geometry: Geometry) -> list[CachedSeries]:
    table = read_table(paths.table)
    try:
        stored = np.load(paths.planes, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise TriageError(f"The shard {paths.planes} could not be read: {error}") from error
    return [
        _series(table.slice(first, last - first), stored, geometry) for first, last in pairwise(series_starts(table))
    ]


def _numbers(rows: pa.Table, name: str) -> np.ndarray:
    found: np.ndarray = rows[name].to_numpy()
    return found


def _series(rows: pa.Table, stored: np.ndarray, geometry: Geometry) -> CachedSeries:
    """Return the images of one series with their slices."""
    plane = _numbers(rows, "plane")
    placed = np.flatnonzero(plane >= 0)
    first, count = (int(plane[placed].min()), len(np.unique(plane[placed]))) if len(placed) else (0, 0)
    at = plane[placed] - first
    labels = np.stack([rows[str(label)].fill_null(False).to_numpy() for label in LABELS], axis=1)
    image_labels, image_known = labels.astype(np.uint8), _numbers(rows, "has_label")
    of_slice, known = np.zeros((count, len(LABELS)), np.uint8), np.ones(count, bool)
    np.maximum.at(of_slice, at, image_labels[placed])
    np.logical_and.at(known, at, image_known[placed])
    area, neighbors = np.zeros(count, np.float32), np.zeros((count, 2), int)
    area[at] = _numbers(rows, "area_cm2")[placed]
    slice_mm = float(rows["slice_mm"].fill_null(USUAL_SLICE_MM).to_numpy()[placed].max(initial=0.0))
    larger = float(rows["magnification"].fill_null(1.0).to_numpy()[placed].max(initial=0.0))
    neighbors[at] = np.stack([_numbers(rows, "below"), _numbers(rows, "above")], axis=1)[placed] - first
    return CachedSeries(
        patient_id=rows["patient_id"][0].as_py(),
        study_instance_uid=rows["study_instance_uid"][0].as_py(),
        series_instance_uid=rows["series_instance_uid"][0].as_py(),
        stored=stored[first : first + count],
        geometry=geometry,
        neighbors=neighbors,
        labels=of_slice,
        known=known,
        area_cm2=area,
        slice_mm=slice_mm or USUAL_SLICE_MM,
        magnification=larger or 1.0,
        images=tuple(rows["sop_instance_uid"].to_pylist()),
        image_labels=image_labels,
        image_known=image_known,
        slice_of_image=np.where(plane >= 0, plane - first, -1),
    )
