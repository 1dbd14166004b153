"""The notebook this project grew from, on the same patients: its network, its preprocessing, its balance.

2500-144-108-72-48-6 on 50 x 50 raw pixels, L2 and L1, dropout, SGD at 0.1, 50 epochs, three quarters of the images
positive, outputs for five types and *none*. How strong its penalties were is not known: usual ones stand here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from triage_node.findings import LABELS, TYPES
from triage_node.models import Scaling, keras
from triage_node.train.calibration.scaling import fit_scaling
from triage_node.train.rsna.evaluation.scoring import ImageScores
from triage_node.train.rsna.shards.cache import CachedSeries
from triage_node.train.rsna.shards.thumbnails import SIDE

BASELINE_FOLDER = "baseline"
HIDDEN = (144, 108, 72, 48)
LEARNING_RATE, EPOCHS, BATCH = 0.1, 50, 32
L1, L2, DROPOUT = 1e-6, 1e-5, 0.2
POSITIVE_SHARE = 0.75
# Stored values have 12 bits; without a scale gradients at this rate grow without bound.
LARGEST_VALUE = 4095.0

Thumbnails = dict[str, np.ndarray]


@dataclass(frozen=True)
class Baseline:
    """The fitted network, and what brings its logits back to the share of positives that there is."""

    network: keras.Model
    scaling: Scaling = field(default_factory=Scaling)


def build_network() -> keras.Model:
    """Return the notebook's network: ``(batch, 2500)`` to six logits, five types and *none*."""
    penalty = keras.regularizers.L1L2(l1=L1, l2=L2)
    stack: list[keras.layers.Layer] = [keras.Input((SIDE * SIDE,))]
    for units in HIDDEN:
        stack += [
            keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty),
            keras.layers.Dropout(DROPOUT),
        ]
    return keras.Sequential([*stack, keras.layers.Dense(len(LABELS), name="logits")])


def _with_none(labels: np.ndarray) -> np.ndarray:
    """Return the notebook's targets: *none* in the place of *any*."""
    return np.concatenate([labels[:, : len(TYPES)], 1 - labels[:, -1:]], axis=1).astype(np.float32)


def _inputs(images: Sequence[str], thumbnails: Thumbnails) -> np.ndarray:
    return np.stack([thumbnails[uid] for uid in images]).astype(np.float32) / LARGEST_VALUE


def _labeled(series: Sequence[CachedSeries]) -> tuple[list[str], np.ndarray]:
    images = [uid for one in series for uid, known in zip(one.images, one.image_known, strict=True) if known]
    return images, np.concatenate([one.image_labels[one.image_known] for one in series])


def balanced(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return indices of all positive images and so many others that three quarters are positive."""
    positive, negative = np.flatnonzero(labels[:, -1]), np.flatnonzero(labels[:, -1] == 0)
    others = round(len(positive) * (1 - POSITIVE_SHARE) / POSITIVE_SHARE)
    return rng.permutation(np.concatenate([positive, rng.permutation(negative)[:others]]))


class _Epochs(keras.callbacks.Callback):
    def __init__(self, advance: Callable[[], None]) -> None:
        super().__init__()
        self._advance = advance

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self._advance()


def fit_baseline(
    fitting: Sequence[CachedSeries],
    thumbnails: Thumbnails,
    seed: int,
    advance: Callable[[], None],
    epochs: int = EPOCHS,
) -> Baseline:
    """Fit the notebook's network on its balance of the fitting folds.

    Parameters
    ----------
    advance
        Called after every epoch.
    """
    keras.utils.set_random_seed(seed)
    images, labels = _labeled(fitting)
    chosen = balanced(labels, np.random.default_rng(seed))
    network = build_network()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(keras.optimizers.SGD(LEARNING_RATE), loss=loss)
    inputs = _inputs([images[index] for index in chosen], thumbnails)
    network.fit(inputs, _with_none(labels[chosen]), BATCH, epochs, verbose=0, callbacks=[_Epochs(advance)])
    return Baseline(network)


def _logits(baseline: Baseline, images: Sequence[str], thumbnails: Thumbnails) -> np.ndarray:
    """Return ``(images, 6)`` logits in the order of `LABELS`: *any* is what *none* is not."""
    found = np.concatenate(
        [
            keras.ops.convert_to_numpy(baseline.network(_inputs(part, thumbnails), training=False))
            for part in (images[first : first + 1024] for first in range(0, len(images), 1024))
        ]
    ).astype(np.float64)
    found[:, -1] *= -1
    return found


def rescaled(baseline: Baseline, validation: Sequence[CachedSeries], thumbnails: Thumbnails) -> Baseline:
    """Return the same network with temperature and bias from the validation fold, as ours gets them."""
    images, labels = _labeled(validation)
    return Baseline(baseline.network, fit_scaling(_logits(baseline, images, thumbnails), labels))


def baseline_scores(
    name: str, baseline: Baseline, series: Sequence[CachedSeries], thumbnails: Thumbnails
) -> ImageScores:
    """Return what the baseline says of the images of some series."""
    images = [uid for one in series for uid in one.images]
    logits = _logits(baseline, images, thumbnails)
    scaled = logits / np.array(baseline.scaling.temperature) + np.array(baseline.scaling.bias)
    return ImageScores.of(name, series, 1 / (1 + np.exp(-np.clip(scaled, -30, 30))))
