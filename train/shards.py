"""Generated studies on disk as the network will see them: stripped, aligned, 8 bits, with exact lesion bits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import ModelError, UnsuitableSeries
from triage_node.findings import TYPES
from triage_node.models import Geometry, StrippedHead, average_slabs, straighten, strip_head
from triage_node.train.phantom.atlases import Atlases
from triage_node.train.phantom.study import GeneratedStudy, generate_study, random_recipe, slice_labels

# Stored gray value = HU relative to the brain's median + OFFSET.
OFFSET = 60
INSIDE_BIT = 7
SMALLEST_SLICE_CM2 = 4.0
STUDIES_PER_SHARD = 20
SHOWN_SHARE = 0.5
ARRAYS = ("gray", "bits", "neighbors", "labels", "area_cm2")
NUMBERS = ("slice_mm", "median_hu", "magnification")


@dataclass(frozen=True)
class StudyRecord:
    """One study of a shard.

    Attributes
    ----------
    gray
        ``(slices, rows, columns) uint8``, see `OFFSET`.
    bits
        The same shape: bit k where the k-th type is, and `INSIDE_BIT` inside the skull.
    neighbors
        ``(slices, 2) int``.
    labels
        ``(slices, 6) uint8``.
    area_cm2
        ``(slices,) float32``, intracranial area.
    seed
        What it was generated from.
    slice_mm, median_hu
        Distance between slices in mm, and the brain's median HU that was subtracted. Shards from before these were kept
        read as the usual ones.
    magnification
        How much larger than it is the head is shown.
    """

    gray: np.ndarray
    bits: np.ndarray
    neighbors: np.ndarray
    labels: np.ndarray
    area_cm2: np.ndarray
    seed: int
    slice_mm: float = 5.0
    median_hu: float = 32.0
    magnification: float = 1.0

    @property
    def mask(self) -> np.ndarray:
        """Return where the inside of the skull is."""
        return self.bits >> INSIDE_BIT > 0

    @property
    def hu(self) -> np.ndarray:
        """Return ``float32`` HU relative to the brain's median."""
        return self.gray.astype(np.float32) - OFFSET

    @property
    def clean(self) -> np.ndarray:
        """Return ``(slices,) bool``: which slices hold no trace of blood."""
        return ~np.any(self.bits & ((1 << len(TYPES)) - 1), axis=(1, 2))

    def planes(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return gray values and bits of some slices."""
        return self.gray[indices], self.bits[indices]


def _straight_bits(study: GeneratedStudy, head: StrippedHead, geometry: Geometry) -> np.ndarray:
    """Carry lesion bits along the way the images went."""
    size = round(study.bits.shape[1] * study.volume.spacing_mm[1] / geometry.mm_per_pixel)
    bits = np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_NEAREST) for image in study.bits])
    shape = geometry.rows, geometry.columns
    slabs = _of_slabs(bits, head.slab)
    return straighten(slabs, head.axis, shape, 0, head.magnification, nearest=True) * head.mask


def _of_slabs(bits: np.ndarray, slab: np.ndarray) -> np.ndarray:
    """Return the bits of slabs: blood is what half of a slab's slices show."""
    if slab[-1] + 1 == len(bits):
        return bits
    found = np.zeros((slab[-1] + 1, *bits.shape[1:]), np.uint8)
    for k in range(len(TYPES)):
        shares = average_slabs(((bits >> k) & 1).astype(np.float32), slab)
        found |= (shares >= SHOWN_SHARE).astype(np.uint8) << k
    return found


def record_study(study: GeneratedStudy, geometry: Geometry, seed: int) -> StudyRecord:
    """Return a generated study as a record.

    Raises
    ------
    UnsuitableSeries
        When the preprocessing finds no head.
    """
    head = strip_head(study.volume, geometry)
    bits = _straight_bits(study, head, geometry)
    labels = slice_labels(bits, geometry.mm_per_pixel / head.magnification)
    gray = np.clip(np.round(head.hu + OFFSET), 0, 255).astype(np.uint8)
    bits = bits | head.mask.astype(np.uint8) << INSIDE_BIT
    known = head.neighbors, labels, head.brain_area_cm2, seed, head.slice_mm, head.median_hu, head.magnification
    return StudyRecord(gray, bits, *known)


def generate_records(atlases: Atlases, seeds: range, geometry: Geometry) -> Iterator[StudyRecord]:
    """Yield one record a seed; a head that the preprocessing refuses is left out."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        study = generate_study(atlases.draw(rng), random_recipe(rng, mm_per_pixel=geometry.mm_per_pixel), rng)
        try:
            yield record_study(study, geometry, seed)
        except UnsuitableSeries:
            continue


def write_shard(path: Path, records: list[StudyRecord], geometry: Geometry) -> None:
    """Write records as one compressed file; it appears under its name only when complete."""
    arrays = {"geometry": np.array(geometry.frame)}
    arrays["seeds"] = np.array([record.seed for record in records])
    for record in records:
        for name in (*ARRAYS, *NUMBERS):
            arrays[f"{name}_{record.seed}"] = np.asarray(getattr(record, name))
    with complete_file(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    """Open a shard; raise `ModelError` when it is not one, or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            yield stored
    except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
        raise ModelError(f"The shard {path} cannot be read: {error}. Delete it and generate it again.") from error


def read_shard(path: Path) -> list[StudyRecord]:
    """Return the records of a shard; raise `ModelError` when it is damaged."""
    with _opened(path) as stored:
        return [_stored_record(stored, int(seed)) for seed in stored["seeds"]]


def _stored_record(stored: Mapping[str, np.ndarray], seed: int) -> StudyRecord:
    parts: dict[str, Any] = {name: stored[f"{name}_{seed}"] for name in ARRAYS}
    parts |= {name: float(stored[f"{name}_{seed}"]) for name in NUMBERS if f"{name}_{seed}" in stored}
    return StudyRecord(**parts, seed=seed)


def read_seeds(path: Path) -> list[int]:
    """Return the seeds of a shard's studies."""
    with _opened(path) as stored:
        return [int(seed) for seed in stored["seeds"]]


def read_frame(path: Path) -> tuple[float, int, int, float]:
    """Return the frame of a shard's images, see `Geometry.frame`; before it was kept, no area was asked for."""
    with _opened(path) as stored:
        mm_per_pixel, rows, columns, shown_area_cm2 = (*stored["geometry"], 0.0)[:4]
    return float(mm_per_pixel), int(rows), int(columns), float(shown_area_cm2)


def check_frames(folder: Path, geometry: Geometry) -> None:
    """Refuse shards of another frame: heads of another size look right and teach the wrong scale.

    Raises
    ------
    ModelError
        Naming the first shard that was made for another frame.
    """
    for path in shard_paths(folder):
        if (found := read_frame(path)) != geometry.frame:
            raise ModelError(
                f"The shard {path} is made of {_in_words(found)}, the model reads {_in_words(geometry.frame)}."
            )


def _in_words(frame: tuple[float, int, int, float]) -> str:
    mm_per_pixel, rows, columns, shown_area_cm2 = frame
    heads = f"heads of {shown_area_cm2:g} cm2" if shown_area_cm2 else "heads as large as they are"
    return f"{rows} x {columns} pixels of {mm_per_pixel:g} mm with {heads}"


def shard_paths(folder: Path) -> list[Path]:
    """Return the complete shards of a folder, in the order of their seeds."""
    return sorted(path for path in folder.glob("shard-*.npz") if ".partial" not in path.name)


def make_shard(folder: Path, seeds: range, geometry: Geometry, atlases: Atlases) -> Path:
    """Generate the studies of one shard unless it is there already."""
    path = folder / f"shard-{seeds.start:08d}.npz"
    if not path.exists():
        write_shard(path, list(generate_records(atlases, seeds, geometry)), geometry)
    return path
