"""Where the network looked: Grad-CAM of one slice, for quality control only.

Source: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization (2017), on
the features the lesion map is read off.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from triage_node.models.keras_setup import keras

# The layer whose input, the decoder's last features, is explained.
EXPLAINED_LAYER = "map"

Gradient = Callable[[keras.Model, np.ndarray, int], np.ndarray]


def _tensorflow_gradient(tail: keras.Model, features: np.ndarray, label: int) -> np.ndarray:
    import tensorflow as tf

    x = tf.constant(features)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = tail(x, training=False)[0, label]
    found: np.ndarray = tape.gradient(score, x).numpy()
    return found


def _jax_gradient(tail: keras.Model, features: np.ndarray, label: int) -> np.ndarray:
    import jax

    trained = [variable.value for variable in tail.trainable_variables]
    fixed = [variable.value for variable in tail.non_trainable_variables]

    def score(x: jax.Array) -> jax.Array:
        value: jax.Array = tail.stateless_call(trained, fixed, x, training=False)[0][0, label]
        return value

    return np.asarray(jax.grad(score)(features))


def _torch_gradient(tail: keras.Model, features: np.ndarray, label: int) -> np.ndarray:
    x: Any = keras.ops.convert_to_tensor(features).detach().clone().requires_grad_(True)
    tail(x, training=False)[0, label].backward()
    found: np.ndarray = x.grad.cpu().numpy()
    return found


GRADIENTS: dict[str, Gradient] = {"tensorflow": _tensorflow_gradient, "jax": _jax_gradient, "torch": _torch_gradient}


def _split(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return the network up to the explained features, and from there to the slice logits; the layers are shared."""
    layer = network.get_layer(EXPLAINED_LAYER)
    front = keras.Model(network.input, {"features": layer.input, "map": network.output["map"]})
    start = keras.Input(layer.input.shape[1:])
    return front, keras.Model(start, network.get_layer("slice")(layer(start)))


def explain_slice(network: keras.Model, image: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what spoke for a label in one slice.

    Parameters
    ----------
    network
        With the outputs ``map`` and ``slice``.
    image
        ``(rows, columns, channels) float32``, the network's input.
    label
        Index in `LABELS`.

    Returns
    -------
    heat, probability : numpy.ndarray
        ``(rows / 4, columns / 4) float32`` each: the positive part of Grad-CAM, its highest cell 1 (all 0 where nothing
        spoke for the label), and the lesion map of the label in [0, 1].
    """
    front, tail = _split(network)
    found = front(keras.ops.convert_to_tensor(image[None]), training=False)
    features = keras.ops.convert_to_numpy(found["features"])
    gradient = GRADIENTS[keras.backend.backend()](tail, features, label)
    heat = np.maximum((features * gradient.mean(axis=(1, 2), keepdims=True)).sum(axis=-1)[0], 0)
    logits = keras.ops.convert_to_numpy(found["map"])[0, ..., label]
    return heat / max(float(heat.max()), 1e-6), 1 / (1 + np.exp(-logits))
