"""A slice that is shown with a report."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from triage_node.findings import Label, Prediction
from triage_node.imaging import SourceSlice, Volume

MOST_SLICES = 3
"""As many as a page has room for at a size that shows something."""


@dataclass(frozen=True)
class ShownSlice:
    """A slice as the model saw it.

    Attributes
    ----------
    labels
        The findings that it illustrates best.
    hu
        ``(rows, columns) float32``, HU; rows run from anterior to posterior, columns from the patient's right to the
        left.
    spacing_mm
        ``(y, x)``.
    sources
        The received slices it was made from: one, or several where a thin series was averaged.
    """

    labels: tuple[Label, ...]
    hu: np.ndarray = field(repr=False)
    spacing_mm: tuple[float, float]
    sources: tuple[SourceSlice, ...]


def shown_slices(volume: Volume, prediction: Prediction) -> tuple[ShownSlice, ...]:
    """Return the best slices of what is flagged or uncertain, flagged types first, the likelier before the other.

    A slice that is the best of several labels is shown once, and at most `MOST_SLICES` are. Of a study that is not
    flagged none is: a slice that is singled out would say that something is there.
    """
    labels_by_slice: dict[int, list[Label]] = {}
    for label in _in_order(prediction):
        labels_by_slice.setdefault(prediction.best_slice(label), []).append(label)
    chosen = list(labels_by_slice.items())[:MOST_SLICES]
    return tuple(
        ShownSlice(tuple(labels), volume.hu[index].copy(), volume.spacing_mm[1:], volume.sources[index])
        for index, labels in chosen
    )


def _in_order(prediction: Prediction) -> Sequence[Label]:
    """Return the labels by rank; *any* comes after the types, as its best slice is as a rule one of theirs."""
    answers = prediction.flagged, prediction.uncertain

    def rank(label: Label) -> tuple[bool, int, float]:
        return label is Label.ANY, label in prediction.uncertain, -prediction.probabilities[label]

    return sorted((label for labels in answers for label in labels), key=rank)
