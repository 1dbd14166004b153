"""Batches of slices for training: half with hemorrhage, its types in turn, half without."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from triage_node.errors import ModelError
from triage_node.findings import LABELS, TYPES
from triage_node.models import MAP_STRIDE, Window, channels
from triage_node.train.fitting.augmentation import Augmentation, warp
from triage_node.train.fitting.settings import FitSettings
from triage_node.train.shards import INSIDE_BIT, OFFSET, SMALLEST_SLICE_CM2, check_frames, read_shard, shard_paths

# A cell of the map that is half full of blood is full blood to the loss: thin films never fill one.
FULL_CELL = 0.5
TYPE_BITS = (1 << len(TYPES)) - 1
# Of three planes the first is shown, the others are its lower and upper neighbor.
SHOWN = np.array([[1, 2]])


def cell_targets(bits: np.ndarray) -> np.ndarray:
    """Return ``(rows / 4, columns / 4, 6) float32`` map targets from lesion bits ``(rows, columns)``."""
    rows, columns = bits.shape[0] // MAP_STRIDE, bits.shape[1] // MAP_STRIDE
    if not (bits & TYPE_BITS).any():
        return np.zeros((rows, columns, len(LABELS)), np.float32)
    planes = [(bits >> k) & 1 for k in range(len(TYPES))]
    planes.append(np.maximum.reduce(planes))
    shares = [cv2.resize(p.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA) for p in planes]
    return np.clip(np.stack(shares, axis=-1) / FULL_CELL, 0, 1)


class SliceSource(Protocol):
    """A study whose slices are drawn, in memory or on disk; the attributes are those of `StudyRecord`."""

    @property
    def neighbors(self) -> np.ndarray: ...  # noqa: D102

    @property
    def labels(self) -> np.ndarray: ...  # noqa: D102

    @property
    def area_cm2(self) -> np.ndarray: ...  # noqa: D102

    @property
    def slice_mm(self) -> float: ...  # noqa: D102

    @property
    def magnification(self) -> float: ...  # noqa: D102

    @property
    def clean(self) -> np.ndarray: ...  # noqa: D102

    def planes(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...  # noqa: D102


class SlicePool:
    """All slices of some studies, drawn so that every type is seen as often.

    Parameters
    ----------
    records
        Studies to draw from.
    windows
        Channels of the network.
    augmentation
        None to show slices as they are.
    """

    def __init__(
        self, records: Sequence[SliceSource], windows: tuple[Window, ...], augmentation: Augmentation | None = None
    ) -> None:
        self.records: list[SliceSource] = []
        self.windows, self.augmentation = windows, augmentation
        self.with_type: list[list[tuple[int, int]]] = [[] for _ in TYPES]
        self.without: list[tuple[int, int]] = []
        self._read: set[Path] = set()
        self.add(records)

    def add(self, records: Sequence[SliceSource]) -> None:
        """Take in more studies."""
        for record in records:
            self.records.append(record)
            self._sort_slices(len(self.records) - 1, record)

    def add_folder(self, folder: Path) -> None:
        """Take in the shards of a folder that have not been read yet: it may still be growing."""
        for path in shard_paths(folder):
            if path not in self._read:
                self._read.add(path)
                self.add(read_shard(path))

    def _sort_slices(self, study: int, record: SliceSource) -> None:
        """File the slices of a study under their types; those with a trace of blood are left out."""
        clean = record.clean
        for index in np.flatnonzero(record.area_cm2 >= SMALLEST_SLICE_CM2):
            for k in np.flatnonzero(record.labels[index, : len(TYPES)]):
                self.with_type[k].append((study, int(index)))
            if clean[index]:
                self.without.append((study, int(index)))

    def _draw(self, position: int, rng: np.random.Generator) -> tuple[int, int]:
        types = [k for k in range(len(TYPES)) if self.with_type[k]]
        take_blood = position % 2 == 0 and bool(types)
        source = self.with_type[types[rng.integers(len(types))]] if take_blood else self.without
        return source[rng.integers(len(source))]

    def example(self, study: int, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return input ``(rows, columns, channels)``, map targets and slice labels of one slice."""
        record = self.records[study]
        stack = np.array([index, *record.neighbors[index]])
        gray, bits = record.planes(stack)
        if self.augmentation is None:
            hu = gray.astype(np.float32) - OFFSET
        else:
            matrix = self.augmentation.place(gray.shape[1:], rng)
            gray, bits = warp(gray, matrix), warp(bits, matrix, nearest=True)
            hu = self.augmentation.focus(gray.astype(np.float32) - OFFSET, bits >> INSIDE_BIT > 0, rng)
            hu = self.augmentation.tone(hu, rng)
        image = channels(hu, bits >> INSIDE_BIT > 0, SHOWN, self.windows)[0]
        return image, cell_targets(bits[0]), record.labels[index].astype(np.float32)

    def batch(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return one batch: inputs and the targets of both outputs."""
        drawn = [self.example(*self._draw(position, rng), rng) for position in range(size)]
        images, maps, labels = (np.stack(part) for part in zip(*drawn, strict=True))
        return images, {"map": maps, "slice": labels.reshape(size, len(LABELS))}


def slice_pool(folder: Path, settings: FitSettings) -> SlicePool:
    """Return the augmented slices of a folder of shards.

    Raises
    ------
    ModelError
        When there are no shards, or some of another frame.
    """
    check_frames(folder, settings.geometry)
    pool = SlicePool([], settings.windows, settings.augmentation)
    pool.add_folder(folder)
    if not pool.records:
        raise ModelError(f"The folder {folder} holds no shards of generated studies.")
    return pool
