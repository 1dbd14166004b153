"""Folded batch normalization: the same numbers with fewer layers."""

import keras
import numpy as np
import pytest
from keras import layers

from triage_node.models.architecture import Architecture, build_network
from triage_node.models.batch_norm_folding import folded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    network = build_network(Architecture(rows=64, columns=32, channels=4, decoder_filters=16))
    rng = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = (rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights)
            layer.set_weights([gamma, beta - 1, mean - 1, variance])
    return network


def test_a_folded_network_gives_the_same_numbers(network):
    images = np.random.default_rng(2).normal(size=(3, 64, 32, 4)).astype(np.float32)
    before = [weight.copy() for weight in network.get_weights()]
    expected, found = network(images, training=False), folded(network)(images, training=False)
    assert sorted(found) == sorted(expected)
    for name, values in expected.items():
        values = keras.ops.convert_to_numpy(values)
        assert np.std(values) > 0.01
        np.testing.assert_allclose(keras.ops.convert_to_numpy(found[name]), values, atol=1e-4)
    for weight, old in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_no_normalization_is_left(network):
    kinds = {type(layer) for layer in folded(network).layers}
    assert layers.BatchNormalization not in kinds
    assert layers.DepthwiseConv2D in kinds


def test_a_normalization_of_something_else_is_refused():
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, layers.BatchNormalization()(layers.ReLU(name="cut")(inputs)))
    with pytest.raises(ValueError, match="cut"):
        folded(network)
