"""What a fitted network makes of each slice of a series, kept for the fit of a series model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS
from triage_node.models import SMALLEST_SLICE_CM2, Model, table
from triage_node.train.evaluation.scored import as_head
from triage_node.train.rsna.shards.cache import CachedSeries


@dataclass(frozen=True)
class EncodedSeries:
    """The slices of one series that show brain.

    Attributes
    ----------
    features
        ``(slices, features) float32``.
    logits, labels
        ``(slices, 6) float32``, before smoothing; and what is true.
    known
        ``(slices,) bool``: whether the truth is known.
    """

    features: np.ndarray
    logits: np.ndarray
    labels: np.ndarray
    known: np.ndarray


def encode(model: Model, series: Iterable[CachedSeries]) -> Iterator[EncodedSeries]:
    """Yield what a model without a series model makes of each series that shows brain."""
    for one in series:
        shown = one.area_cm2 >= SMALLEST_SLICE_CM2
        if shown.any():
            logits, features = model.encode(as_head(one))
            yield EncodedSeries(features, logits, one.labels[shown].astype(np.float32), one.known[shown])


@dataclass(frozen=True)
class SeriesTables:
    """Padded series as a fit reads them.

    Attributes
    ----------
    inputs
        ``(series, slices, features + 7) float32``.
    targets
        ``(series, slices, 6) float32``.
    weights
        ``(series, slices) float32``: 1 where the truth is known, 0 elsewhere.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, series: Sequence[EncodedSeries], slices: int) -> "SeriesTables":
        """Pad series to one length."""
        targets = np.zeros((len(series), slices, len(LABELS)), np.float32)
        weights = np.zeros((len(series), slices), np.float32)
        for row, one in enumerate(series):
            targets[row, : len(one.labels)], weights[row, : len(one.known)] = one.labels, one.known
        return cls(np.stack([table(one.features, one.logits, slices) for one in series]), targets, weights)
