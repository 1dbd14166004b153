"""What the averaged weights make of slices after every epoch: losses, AUC and accuracy by type."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from triage_node.findings import LABELS
from triage_node.models import keras
from triage_node.train.evaluation.metrics import auc, label_losses
from triage_node.train.fitting.averaging import WeightAverage
from triage_node.train.fitting.losses import LABEL_WEIGHTS
from triage_node.train.rsna.fitting.slice_sampler import FixedBatches


def figures(logits: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return the weighted log loss of ``(slices, 6)`` logits, and loss, AUC and accuracy of each type and in the mean.

    An AUC is nan where all slices are of one kind; the mean is that of the others.
    """
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    by_type = {
        "loss": label_losses(probabilities, truth),
        "auc": np.array([auc(logits[:, k], truth[:, k]) for k in range(len(LABELS))]),
        "accuracy": np.mean((logits > 0) == (truth > 0.5), axis=0),
    }
    known = by_type["auc"][np.isfinite(by_type["auc"])]
    found = {
        "loss": float(np.average(by_type["loss"], weights=LABEL_WEIGHTS)),
        "auc": float(known.mean()) if len(known) else float("nan"),
        "accuracy": float(by_type["accuracy"].mean()),
    }
    for name, values in by_type.items():
        found |= {f"{name}_{label}": float(value) for label, value in zip(LABELS, values, strict=True)}
    return found


@contextmanager
def averaged_weights(network: keras.Model, average: WeightAverage) -> Iterator[None]:
    """Let a network have its averaged weights, and afterwards those it had, to the bit."""
    before = [weight.numpy() for weight in network.weights]
    for weight in network.weights:
        weight.assign(average.arrays[weight.path])
    try:
        yield
    finally:
        for weight, array in zip(network.weights, before, strict=True):
            weight.assign(array)


class Validation(keras.callbacks.Callback):
    """Log what the averaged weights, which are those that are exported, make of some slices after every epoch.

    Parameters
    ----------
    average
        Must come before this callback.
    samples
        Slices by the prefix of their figures: ``val`` for those of the validation fold, ``fit`` for fitted ones, shown
        as they are, so that the two can be compared.
    """

    def __init__(self, average: WeightAverage, samples: Mapping[str, FixedBatches]) -> None:
        super().__init__()
        self.average, self.samples = average, samples

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Score the slices."""
        with averaged_weights(self.model, self.average):
            for prefix, sample in self.samples.items():
                found = figures(*self._scored(sample))
                if logs is not None:
                    logs |= {f"{prefix}_{name}": value for name, value in found.items()}

    def _scored(self, batches: FixedBatches) -> tuple[np.ndarray, np.ndarray]:
        """Return logits and truth of all slices."""
        logits, truth = [], []
        for index in range(len(batches)):
            images, targets, _ = batches[index]
            logits.append(np.asarray(self.model.predict_on_batch(images)["slice"]))
            truth.append(targets["slice"])
        return np.concatenate(logits), np.concatenate(truth)
