"""Several devices for one fit: every batch is split among them, and all keep the same weights."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from triage_node.errors import ModelError
from triage_node.models import keras

ALL = 0


def _chosen(available: list[str], count: int) -> list[str]:
    if count > len(available):
        raise ModelError(f"{count} devices were asked for, {len(available)} are there: {', '.join(available)}.")
    return available[: count or None]


def _tensorflow_scope(count: int) -> AbstractContextManager[Any]:
    import tensorflow as tf

    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    devices = _chosen([device.name for device in tf.config.list_logical_devices(kind)], count)
    return tf.distribute.MirroredStrategy(devices).scope() if len(devices) > 1 else nullcontext()


def _jax_scope(count: int) -> AbstractContextManager[Any]:
    devices = _chosen(keras.distribution.list_devices(), count)
    if len(devices) == 1:
        return nullcontext()
    return keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False).scope()


SCOPES = {"tensorflow": _tensorflow_scope, "jax": _jax_scope}


def device_scope(count: int) -> AbstractContextManager[Any]:
    """Return the context in which a network must be built, compiled and fitted.

    Parameters
    ----------
    count
        Devices to use: GPUs where there are any, otherwise CPUs; `ALL` for as many as there are.

    Raises
    ------
    ModelError
        When there are fewer, or the Keras backend cannot use several.
    """
    backend = keras.backend.backend()
    if backend in SCOPES:
        return SCOPES[backend](count)
    if count > 1:
        raise ModelError(f"The Keras backend {backend} fits on one device, not on {count}: use tensorflow or jax.")
    return nullcontext()


def share_statistics(network: keras.Model) -> None:
    """Let every batch normalization see the whole batch, as it would on one device; on JAX it does so anyway."""
    if keras.backend.backend() != "tensorflow":
        return
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
