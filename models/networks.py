"""The network of a manifest, and how its forward pass is compiled."""

from collections.abc import Callable

import numpy as np

from triage_node.models.architecture import Architecture, build_network
from triage_node.models.keras_setup import keras
from triage_node.models.manifest import Manifest
from triage_node.models.weights_file import assign_weights, read_weights

Forward = Callable[[np.ndarray], dict[str, np.ndarray]]


def restore_network(manifest: Manifest) -> keras.Model:
    """Return the network of a manifest with its weights.

    Raises
    ------
    ModelError
        When the architecture is unknown or the weights do not fit it.
    """
    geometry = manifest.geometry
    shape = Architecture(
        geometry.rows, geometry.columns, manifest.channels, manifest.decoder_filters, manifest.architecture
    )
    network = build_network(shape)
    assign_weights(network.weights, read_weights(manifest.weights_path))
    return network


def _tensorflow_forward(network: keras.Model, batch: int) -> Forward:
    """Compile once for one shape; without XLA, which is ten times slower on a CPU."""
    import tensorflow as tf

    signature = [tf.TensorSpec((batch, *network.input_shape[1:]), tf.float32)]
    compiled = tf.function(lambda x: network(x, training=False), input_signature=signature, jit_compile=False)
    return lambda x: {name: value.numpy() for name, value in compiled(tf.constant(x)).items()}


def _jax_forward(network: keras.Model, batch: int) -> Forward:
    """Compile once for one shape; the weights are arguments, so that they are not baked in as constants."""
    import jax

    trained = [variable.value for variable in network.trainable_variables]
    fixed = [variable.value for variable in network.non_trainable_variables]

    def stateless(trained: list[jax.Array], fixed: list[jax.Array], x: jax.Array) -> dict[str, jax.Array]:
        outputs: dict[str, jax.Array] = network.stateless_call(trained, fixed, x, training=False)[0]
        return outputs

    shape = jax.ShapeDtypeStruct((batch, *network.input_shape[1:]), np.float32)
    compiled = jax.jit(stateless).lower(trained, fixed, shape).compile()
    return lambda x: {name: np.asarray(value) for name, value in compiled(trained, fixed, x).items()}


def _forward(network: keras.Model) -> Forward:
    def run(x: np.ndarray) -> dict[str, np.ndarray]:
        outputs = network(keras.ops.convert_to_tensor(x), training=False)
        return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}

    return run


def compile_forward(network: keras.Model, batch: int) -> Forward:
    """Return a function from ``(batch, rows, columns, channels) float32`` to named arrays."""
    if keras.backend.backend() == "tensorflow":
        return _tensorflow_forward(network, batch)
    if keras.backend.backend() == "jax":
        return _jax_forward(network, batch)
    return _forward(network)
