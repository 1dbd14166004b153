"""Studies scored by a model, beside what is true of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from triage_node.errors import TriageError
from triage_node.findings import TYPES
from triage_node.imaging import Policy, Volume, read_volume, scan
from triage_node.models import HeadAxis, Model, StrippedHead, study_logits
from triage_node.train.fitting.batches import SliceSource
from triage_node.train.shards import INSIDE_BIT, OFFSET, StudyRecord, check_frames, read_shard, shard_paths


@dataclass(frozen=True)
class ScoredStudy:
    """One study.

    Attributes
    ----------
    patient
        Whose it is.
    logits
        ``(slices, 6) float32``, smoothed slice logits before calibration.
    labels
        ``(slices, 6) uint8``, what is true.
    area_cm2
        ``(slices,) float32``, intracranial area.
    slice_mm
        Distance of the slices.
    magnification
        How much larger than it is the head was shown.
    known
        ``(slices,) bool``: of which slices the labels are known; None for all.
    given_labels
        ``(6,) uint8``, what is true of the study where that is not the maximum of all its slices.
    volume_ml, lesion_hu
        ``(6,)`` volume in mL and mean HU of the blood of each type, and of all of it; generated studies only. HU are
        nan where there is none.
    """

    patient: str
    logits: np.ndarray
    labels: np.ndarray
    area_cm2: np.ndarray
    slice_mm: float
    volume_ml: np.ndarray | None = None
    lesion_hu: np.ndarray | None = None
    known: np.ndarray | None = None
    given_labels: np.ndarray | None = None
    magnification: float = 1.0

    @property
    def study_logits(self) -> np.ndarray:
        """Return ``(6,)`` study logits."""
        return study_logits(self.logits, self.area_cm2, self.slice_mm * self.magnification)

    @property
    def study_labels(self) -> np.ndarray:
        """Return ``(6,) uint8`` study labels."""
        return self.labels.max(axis=0) if self.given_labels is None else self.given_labels

    @property
    def judged(self) -> np.ndarray:
        """Return ``(slices,) bool``: which slices have labels to judge by."""
        return np.ones(len(self.labels), bool) if self.known is None else self.known


def as_head(record: SliceSource) -> StrippedHead:
    """Return a stored study as preprocessing would have given it."""
    every = np.arange(len(record.labels))
    gray, bits = record.planes(every)
    axis = HeadAxis(0.0, np.zeros((len(every), 2)))
    hu, mask = gray.astype(np.float32) - OFFSET, bits >> INSIDE_BIT > 0
    known = record.area_cm2, 0.0, axis, record.slice_mm, record.magnification
    return StrippedHead(hu, mask, record.neighbors, every, *known)


def _blood(record: StudyRecord) -> list[np.ndarray]:
    """Return where the blood of each type is, and where any is."""
    types = [(record.bits >> k) & 1 > 0 for k in range(len(TYPES))]
    return [*types, np.any(types, axis=0)]


def lesion_statistics(record: StudyRecord, mm_per_pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(6,)`` volume in mL and mean HU of the blood of each type, and of all of it; pixels are the frame's."""
    hu, blood = record.hu + record.median_hu, _blood(record)
    voxel_ml = (mm_per_pixel / record.magnification) ** 2 * record.slice_mm / 1000
    volume = np.array([where.sum() * voxel_ml for where in blood])
    return volume, np.array([hu[where].mean() if where.any() else np.nan for where in blood])


def observe_shards(model: Model, folder: Path) -> Iterator[tuple[ScoredStudy, np.ndarray]]:
    """Yield the scores of every generated study of a folder, and its features; each seed counts as a patient.

    Raises
    ------
    TriageError
        When the shards were made for another frame than the model's.
    """
    geometry = model.manifest.geometry
    check_frames(folder, geometry)
    for path in shard_paths(folder):
        for record in read_shard(path):
            seen = model.observe(as_head(record))
            volume, hu = lesion_statistics(record, geometry.mm_per_pixel)
            known = record.labels, record.area_cm2, record.slice_mm, volume, hu
            scored = ScoredStudy(f"seed {record.seed}", seen.logits, *known, magnification=record.magnification)
            yield scored, seen.features


def score_shards(model: Model, folder: Path) -> Iterator[ScoredStudy]:
    """Yield the scores of every generated study of a folder, see `observe_shards`."""
    return (study for study, _ in observe_shards(model, folder))


def read_series(folder: Path) -> Volume:
    """Return the largest series of a folder as a volume, whatever its suitability."""
    series = scan([folder]).series
    if not series:
        raise TriageError(f"The folder {folder} holds no DICOM series.")
    return read_volume(max(series, key=lambda found: len(found.instances)), Policy(), force=True)
