"""The series model: what the other slices of a series say of a slice.

Source: the second stage of the leading solutions of the RSNA-2019 challenge (Wang et al., A deep learning algorithm for
automatic detection and classification of acute intracranial hemorrhages in head CT scans, 2021): a bidirectional
recurrent network over the features of slices, and over their differences to the slices beside them.
"""

from pathlib import Path

import numpy as np

from triage_node.errors import ModelError
from triage_node.findings import LABELS
from triage_node.models.keras_setup import keras, layers, ops
from triage_node.models.networks import compile_forward
from triage_node.models.series_shape import SeriesShape
from triage_node.models.weights_file import assign_weights, read_weights

WIDTH, UNITS = 64, 32
# Of the transformer.
BLOCKS, HEADS = 2, 4
# Logits beside features of unit deviation.
LOGIT_SCALE = 4.0


def build_series_network(slices: int, features: int, shape: SeriesShape = SeriesShape()) -> keras.Model:  # noqa: B008
    """Return a network that starts out by repeating the slice logits it is given.

    Parameters
    ----------
    slices
        Length of a padded series.
    features
        Features of a slice, see `triage_node.models.out_of_distribution.with_features`.
    shape
        What kind of network.

    Returns
    -------
    keras.Model
        From ``(batch, slices, features + 7)``, see `table`, to ``slice`` ``(batch, slices, 6)`` logits.
    """
    labels = len(LABELS)
    rows = keras.Input((slices, features + labels + 1), name="table")
    logits, present = rows[..., features : features + labels], rows[..., -1] > 0.5
    x = logits / LOGIT_SCALE
    if shape.inputs == "features":
        seen = layers.LayerNormalization(name="series_norm")(rows[..., :features])
        seen = layers.Dense(WIDTH, activation="relu", name="series_features")(seen)
        x = layers.Concatenate(name="series_input")([seen, x])
    if shape.differences:
        x = layers.Concatenate(name="series_differences")([x, *_differences(x, rows[..., -1:])])
    x = _attended(x, present) if shape.kind == "transformer" else _both_ways(shape.kind)(x, mask=present)
    # A change of nothing to begin with, so that a series model is never worse than none before it has learned.
    change = layers.Dense(labels, kernel_initializer="zeros", name="series_change")(x)
    return keras.Model(rows, {"slice": ops.add(logits, change)}, name="series")


def _both_ways(kind: str) -> layers.Layer:
    """Return a recurrent layer that reads a series from both ends."""
    # Named, or its weights would be called otherwise in the second network of a process.
    recurrent = {"gru": layers.GRU, "lstm": layers.LSTM}[kind]
    return layers.Bidirectional(recurrent(UNITS, return_sequences=True, use_cudnn=False, name=kind), name="both")


def _differences(x: keras.KerasTensor, present: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return how a slice differs from the one below and the one above it; 0 where there is none."""
    before = ((0, 0), (1, 0), (0, 0))
    steps = (x[:, 1:] - x[:, :-1]) * present[:, 1:] * present[:, :-1]
    return [ops.pad(steps, before), ops.pad(-steps, ((0, 0), (0, 1), (0, 0)))]


def _attended(x: keras.KerasTensor, present: keras.KerasTensor) -> keras.KerasTensor:
    """Let every slice look at all others, twice; a fixed code of sines says where each lies.

    Source: Vaswani et al., Attention Is All You Need (2017), with the normalization before each part.
    """
    x = layers.Dense(WIDTH, name="series_width")(x) + _position_code(x.shape[1], WIDTH)
    mask = ops.expand_dims(present, 1)
    for block in range(BLOCKS):
        seen = layers.LayerNormalization(name=f"attention{block}_norm")(x)
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, flash_attention=False, name=f"attention{block}")
        x = x + attention(seen, seen, attention_mask=mask)
        seen = layers.LayerNormalization(name=f"dense{block}_norm")(x)
        seen = layers.Dense(2 * WIDTH, activation="gelu", name=f"dense{block}_wide")(seen)
        x = x + layers.Dense(WIDTH, name=f"dense{block}_narrow")(seen)
    return x


def _position_code(slices: int, width: int) -> np.ndarray:
    """Return ``(1, slices, width) float32`` sines and cosines of the number of a slice."""
    angles = np.arange(slices)[:, None] / 10000 ** (np.arange(width // 2)[None] / (width // 2))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)[None]


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
    shape
        What kind of network it is.

    Raises
    ------
    ModelError
        When the weights cannot be read or do not fit.
    """

    def __init__(self, path: Path, slices: int, features: int, shape: SeriesShape = SeriesShape()) -> None:  # noqa: B008
        self._slices = slices
        network = build_series_network(slices, features, shape)
        assign_weights(network.weights, read_weights(path))  # without the states of random generators
        self._forward = compile_forward(network, 1)

    def refine(self, features: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Return ``(slices, 6) float32`` logits of the slices of a series in their order, seen together."""
        if len(logits) > self._slices:
            raise ModelError(f"A series of {len(logits)} slices is longer than the {self._slices} the model reads.")
        rows = table(features, logits, self._slices)
        return self._forward(rows[None])["slice"][0, : len(logits)]
