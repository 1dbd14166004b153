"""Batch normalization folded into the convolution before it: the same numbers, and a pass over the features less.

Once fitted, a batch normalization is a fixed scale and offset a channel, which the kernel and a bias can carry.
Source: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference
(2018), section 3.2.
"""

import numpy as np

from triage_node.models.keras_setup import keras, layers


def folded(network: keras.Model) -> keras.Model:
    """Return a network for inference that gives what `network` gives, up to rounding; `network` stays as it is.

    Every batch normalization must follow a convolution.
    """
    norms = _norms_by_convolution(network)

    def clone(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        return type(layer).from_config({**config, "use_bias": True} if layer.name in norms else config)

    def call(layer: layers.Layer, *arguments: keras.KerasTensor, **options: object) -> keras.KerasTensor:
        is_norm = isinstance(layer, layers.BatchNormalization)
        return arguments[0] if is_norm else layer(*arguments, **options)

    copy = keras.models.clone_model(network, clone_function=clone, call_function=call)
    for layer in network.layers:
        if layer.weights and not isinstance(layer, layers.BatchNormalization):
            norm = norms.get(layer.name)
            copy.get_layer(layer.name).set_weights(_carrying(layer, norm) if norm else layer.get_weights())
    return copy


def _norms_by_convolution(network: keras.Model) -> dict[str, layers.BatchNormalization]:
    norms = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    found = {norm.input._keras_history.operation: norm for norm in norms}
    unsuitable = [layer.name for layer in found if not hasattr(layer, "use_bias")]
    if unsuitable:
        raise ValueError(f"a batch normalization follows {', '.join(unsuitable)}, no convolution")
    return {layer.name: norm for layer, norm in found.items()}


def _carrying(layer: layers.Layer, norm: layers.BatchNormalization) -> list[np.ndarray]:
    """Return the weights of a convolution that does what its normalization did, the bias last."""
    *before, kernel = layer.get_weights()[: -1 if layer.use_bias else None]
    bias = layer.get_weights()[-1] if layer.use_bias else 0.0
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    is_depthwise = isinstance(layer, layers.DepthwiseConv2D)
    return [*before, kernel * (scale[:, None] if is_depthwise else scale), beta + (bias - mean) * scale]
