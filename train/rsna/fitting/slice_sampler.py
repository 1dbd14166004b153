"""Labeled slices of many series, drawn for a fit: classes balanced by sampling, by the loss, or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.errors import TriageError
from triage_node.findings import LABELS, TYPES
from triage_node.models import Window, keras
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.batches import SlicePool
from triage_node.train.fitting.processes import own_rows
from triage_node.train.rsna.fitting.balance import Balance
from triage_node.train.rsna.shards.cache import CachedSeries
from triage_node.train.shards import SMALLEST_SLICE_CM2

Batch = tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]


class LabeledPool:
    """Slices whose labels are known; the map of lesions weighs nothing, since nobody drew them.

    Parameters
    ----------
    series
        Series to draw from.
    windows
        Channels of the network.
    balance
        `SAMPLING` draws half with hemorrhage, its types in turn. `LOSS` draws slices as they come and weighs each by
        how much more often `SAMPLING` would have drawn it. `NONE` draws them as they come.
    augmentation
        None to show slices as they are.
    label_smoothing
        How far the targets of drawn slices are moved toward one half: 0 to 1.

    Raises
    ------
    TriageError
        When there is no labeled slice, or a balance has nothing to balance.
    """

    def __init__(
        self,
        series: Sequence[CachedSeries],
        windows: tuple[Window, ...],
        balance: Balance = Balance.SAMPLING,
        augmentation: Augmentation | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        self._pool, self._balance = SlicePool(series, windows, augmentation), balance
        self._smoothing = np.float32(label_smoothing)
        self._slices = [
            (number, int(index))
            for number, one in enumerate(series)
            for index in np.flatnonzero(one.known & (one.area_cm2 >= SMALLEST_SLICE_CM2))
        ]
        if not self._slices:
            raise TriageError("None of the slices to fit on is labeled.")
        self._labels = np.stack([series[number].labels[index] for number, index in self._slices])
        if balance is not Balance.NONE and not 0 < self._labels[:, -1].mean() < 1:
            raise TriageError("Balancing needs slices with and without hemorrhage to fit on.")
        self._weights = self._loss_weights() if balance is Balance.LOSS else np.ones(len(self._slices), np.float32)

    def __len__(self) -> int:
        return len(self._slices)

    def _loss_weights(self) -> np.ndarray:
        """Return ``(slices,)``: the probability of a slice under `SAMPLING` by that of drawing as they come."""
        types = self._labels[:, : len(TYPES)].astype(np.float64)
        present = types.sum(axis=0) > 0
        positive = (types[:, present] / types[:, present].sum(axis=0)).sum(axis=1) / present.sum()
        negative = (self._labels[:, -1] == 0) / max(int((self._labels[:, -1] == 0).sum()), 1)
        found: np.ndarray = ((positive + negative) / 2 * len(types)).astype(np.float32)
        return found

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """Return inputs, targets and weights of one batch."""
        if self._balance is Balance.SAMPLING:
            images, targets = self._pool.batch(size, rng)
            weights = np.ones(size, np.float32)
        else:
            drawn = rng.integers(len(self._slices), size=size)
            images, targets = self._stacked([self._example(index, rng) for index in drawn])
            weights = self._weights[drawn]
        targets["slice"] = targets["slice"] * (1 - self._smoothing) + self._smoothing / 2
        return images, targets, {"map": np.zeros(size, np.float32), "slice": weights}

    def _example(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        series, slice_ = self._slices[index]
        return self._pool.example(series, slice_, rng)

    @staticmethod
    def _stacked(examples: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        images, maps, labels = (np.stack(part) for part in zip(*examples, strict=True))
        return images, {"map": maps, "slice": labels.reshape(len(labels), len(LABELS))}

    def some(self, count: int, size: int, seed: int) -> np.ndarray:
        """Return ``(batches, size)`` numbers of slices, at most `count` and each once; one batch at least."""
        chosen = np.random.default_rng(seed).permutation(len(self._slices))[:count]
        return np.resize(chosen, max(len(chosen) // size, 1) * size).reshape(-1, size)

    def batch_of(self, numbers: np.ndarray) -> Batch:
        """Return slices by their numbers; those of a pool without augmentation are always the same."""
        rng = np.random.default_rng(0)
        images, targets = self._stacked([self._example(index, rng) for index in numbers])
        ones = np.ones(len(numbers), np.float32)
        return images, targets, {"map": 0 * ones, "slice": ones}

    def add_folder(self, folder: Path) -> None:
        """Take in nothing: the series of a cache are all there."""


class FixedBatches(keras.utils.PyDataset):
    """The same batches every time, made when they are asked for, to score on after every epoch.

    Parameters
    ----------
    pool
        Without augmentation.
    count, size, seed
        At most how many slices, how many a batch, and which: see `LabeledPool.some`.
    """

    def __init__(self, pool: LabeledPool, count: int, size: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=2)
        self._pool, self._numbers = pool, pool.some(count, size, seed)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return own_rows(self._pool.batch_of(self._numbers[index]))
