"""The encoder's batch statistics: taken once from the slices of a fit, then frozen."""

from collections.abc import Iterable

import keras
import numpy as np

BATCHES = 20


def settle_statistics(network: keras.Model, images: Iterable[np.ndarray]) -> None:
    """Take the batch statistics from some batches ``(slices, rows, columns, channels)``."""
    if keras.backend.backend() == "jax":
        _settle_on_jax(network, images)
        return
    for batch in images:
        network(keras.ops.convert_to_tensor(batch), training=True)


def _settle_on_jax(network: keras.Model, images: Iterable[np.ndarray]) -> None:
    """Compile the forward pass once; called as it is, JAX would compile every operation for every shape."""
    import jax

    trained = [variable.value for variable in network.trainable_variables]
    fixed = [variable.value for variable in network.non_trainable_variables]

    def updated(trained: list[jax.Array], fixed: list[jax.Array], batch: jax.Array) -> list[jax.Array]:
        found: list[jax.Array] = network.stateless_call(trained, fixed, batch, training=True)[1]
        return found

    compiled = jax.jit(updated)
    for batch in images:
        fixed = compiled(trained, fixed, batch)
    for variable, value in zip(network.non_trainable_variables, fixed, strict=True):
        variable.assign(value)


def freeze_statistics(network: keras.Model) -> None:
    """Freeze the encoder's batch statistics: it trains half as fast again and serves as it was trained."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.name.startswith(("stem", "block")):
            layer.trainable = False
