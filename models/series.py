"""The series model: what the other slices of a series say of a slice.

Source: the second stage of the leading solutions of the RSNA-2019 challenge (Wang et al., A deep learning algorithm for
automatic detection and classification of acute intracranial hemorrhages in head CT scans, 2021): a bidirectional
recurrent network over the features of slices.
"""

from pathlib import Path

import numpy as np

from triage_node.errors import ModelError
from triage_node.findings import LABELS
from triage_node.models.keras_setup import keras, layers, ops
from triage_node.models.networks import compile_forward
from triage_node.models.weights_file import assign_weights, read_weights

WIDTH, UNITS = 64, 32
# Logits beside features of unit deviation.
LOGIT_SCALE = 4.0


def build_series_network(slices: int, features: int) -> keras.Model:
    """Return a network that starts out by repeating the slice logits it is given.

    Parameters
    ----------
    slices
        Length of a padded series.
    features
        Features of a slice, see `triage_node.models.out_of_distribution.with_features`.

    Returns
    -------
    keras.Model
        From ``(batch, slices, features + 7)``, see `table`, to ``slice`` ``(batch, slices, 6)`` logits.
    """
    labels = len(LABELS)
    rows = keras.Input((slices, features + labels + 1), name="table")
    logits, present = rows[..., features : features + labels], rows[..., -1] > 0.5
    seen = layers.LayerNormalization(name="series_norm")(rows[..., :features])
    seen = layers.Dense(WIDTH, activation="relu", name="series_features")(seen)
    x = layers.Concatenate(name="series_input")([seen, logits / LOGIT_SCALE])
    # Named, or its weights would be called otherwise in the second network of a process.
    both_ways = layers.Bidirectional(layers.GRU(UNITS, return_sequences=True, use_cudnn=False, name="gru"), name="both")
    x = both_ways(x, mask=present)
    # A change of nothing to begin with, so that a series model is never worse than none before it has learned.
    change = layers.Dense(labels, kernel_initializer="zeros", name="series_change")(x)
    return keras.Model(rows, {"slice": ops.add(logits, change)}, name="series")


def table(features: np.ndarray, logits: np.ndarray, slices: int) -> np.ndarray:
    """Return ``(slices, features + 7) float32``: features, logits, and 1 where there is a slice; padded with 0."""
    rows = np.concatenate([features, logits, np.ones((len(logits), 1))], axis=1, dtype=np.float32)
    return np.pad(rows, ((0, slices - len(rows)), (0, 0)))


class SeriesModel:
    """A series network with its weights.

    Parameters
    ----------
    path
        Weights file.
    slices
        Most slices of a series, `triage_node.models.preprocessing.Geometry.max_slices`.
    features
        Features of a slice.

    Raises
    ------
    ModelError
        When the weights cannot be read or do not fit.
    """

    def __init__(self, path: Path, slices: int, features: int) -> None:
        self._slices = slices
        network = build_series_network(slices, features)
        assign_weights(network.weights, read_weights(path))  # without the states of random generators
        self._forward = compile_forward(network, 1)

    def refine(self, features: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Return ``(slices, 6) float32`` logits of the slices of a series in their order, seen together."""
        if len(logits) > self._slices:
            raise ModelError(f"A series of {len(logits)} slices is longer than the {self._slices} the model reads.")
        rows = table(features, logits, self._slices)
        return self._forward(rows[None])["slice"][0, : len(logits)]
