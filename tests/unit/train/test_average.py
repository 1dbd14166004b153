import errno
import os

import keras
import numpy as np
import pytest

from triage_node.errors import StorageError
from triage_node.models.weights_file import read_weights
from triage_node.train.fitting.averaging import WeightAverage, save_arrays


def average_over(tmp_path, every):
    """Return the average of one weight that goes from 0 to 1 over 400 steps."""
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, name="one")])
    average = WeightAverage(tmp_path / f"{every}.npz", decay=0.95, every=every)
    average.set_model(network)
    network.set_weights([np.zeros((1, 1))])
    average.on_train_begin()
    for step in range(400):
        network.set_weights([np.full((1, 1), (step + 1) / 400)])
        average.on_train_batch_end(step)
    average.on_epoch_end(0)
    return float(next(iter(read_weights(average.path).values())).item())


def test_looking_every_tenth_step_remembers_as_long_as_looking_at_every_step(tmp_path):
    each, tenth = average_over(tmp_path, 1), average_over(tmp_path, 10)
    assert 0.94 < each < 0.96  # it lags 1 / (1 - decay) = 20 of 400 steps
    assert abs(tenth - each) < 0.02


def test_a_full_disk_is_one_sentence_and_keeps_the_average_before(tmp_path, monkeypatch):
    save_arrays(tmp_path / "average.npz", {"one": np.ones(3, np.float32)})

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(StorageError, match=r"average\.npz cannot be written: the disk is full"):
        save_arrays(tmp_path / "average.npz", {"one": np.zeros(3, np.float32)})
    assert read_weights(tmp_path / "average.npz")["one"].tolist() == [1, 1, 1]
