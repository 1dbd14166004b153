"""A checkpoint holds where random generators stand, such as those of dropout in an EfficientNetV2."""

import keras
import numpy as np
import pytest

from triage_node.train.fitting.averaging import WeightAverage
from triage_node.train.fitting.checkpoint import Checkpoint, random_states, restore_checkpoint

pytestmark = pytest.mark.slow


def made_network(folder):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((8,))
    dropped = keras.layers.Dropout(0.5)(keras.layers.Dense(4, name="first")(inputs))
    network = keras.Model(inputs, keras.layers.Dense(1, name="last")(dropped))
    network.compile(keras.optimizers.AdamW(1e-2), loss="mse")
    network.optimizer.build(network.trainable_variables)
    average = WeightAverage(folder / "average.npz", every=1)
    return network, average


def fitted(folder, epochs, done=0):
    folder.mkdir(exist_ok=True)
    network, average = made_network(folder)
    if done:
        assert restore_checkpoint(folder, network, average) == done
    x = np.random.default_rng(1).normal(size=(16, 8)).astype(np.float32)
    network.fit(x, x[:, :1], 4, epochs, 0, [average, Checkpoint(folder, average)], initial_epoch=done, shuffle=False)
    return network, average


def test_a_fit_with_dropout_goes_on_as_if_it_had_not_been_cut_off(tmp_path):
    whole, average = fitted(tmp_path / "whole", 4)
    assert random_states(whole)
    fitted(tmp_path / "cut", 2)
    resumed, resumed_average = fitted(tmp_path / "cut", 4, done=2)
    for first, second in zip(whole.weights, resumed.weights, strict=True):
        assert np.array_equal(np.asarray(first), np.asarray(second))
    assert all(np.array_equal(array, resumed_average.arrays[name]) for name, array in average.arrays.items())
    assert not any("seed" in name for name in average.arrays)
