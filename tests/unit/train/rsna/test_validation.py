"""Figures of the validation fold, and what is kept and stopped by them."""

import keras
import numpy as np
import pytest

from triage_node.findings import LABELS
from triage_node.train.evaluation.metrics import log_loss
from triage_node.train.fitting.averaging import WeightAverage
from triage_node.train.fitting.settings import BEST_FILE, FitSettings
from triage_node.train.rsna.fitting.best import Best, best_epoch, is_stopped
from triage_node.train.rsna.fitting.curves import Curves, read_curves
from triage_node.train.rsna.fitting.validation import averaged_weights, figures


def test_figures_by_type_are_those_of_the_competition(seed):
    rng = np.random.default_rng(seed)
    truth = (rng.random((40, 6)) < 0.4).astype(np.float32)
    truth[:, 0] = 0
    logits = rng.normal(size=(40, 6)).astype(np.float32)
    logits[:, -1] = np.where(truth[:, -1] > 0, 3, -3)
    found = figures(logits, truth)
    assert found["loss"] == pytest.approx(log_loss(1 / (1 + np.exp(-logits)), truth), abs=1e-6)
    assert found["auc_any"] == 1.0
    assert found["accuracy_any"] == 1.0
    assert np.isnan(found["auc_epidural"])
    assert np.isfinite(found["auc"])
    assert len(found) == 3 + 3 * len(LABELS)


def small_network():
    keras.utils.set_random_seed(1)
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="dense")])
    network.compile(keras.optimizers.SGD(0.1), loss="mse")
    return network


@pytest.mark.slow
def test_a_look_with_averaged_weights_leaves_the_others_as_they_were(tmp_path):
    network, average = small_network(), WeightAverage(tmp_path / "average.npz")
    average.arrays = {weight.path: np.full(weight.shape, 0.5, np.float32) for weight in network.weights}
    before = network.get_weights()
    with averaged_weights(network, average):
        assert all(np.all(array == 0.5) for array in network.get_weights())
    assert all(np.array_equal(old, new) for old, new in zip(before, network.get_weights(), strict=True))


class Scripted(keras.callbacks.Callback):
    """Gives each epoch a loss that is known beforehand."""

    def __init__(self, losses):
        super().__init__()
        self.losses = losses

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.losses[epoch]


def fitted(folder, losses, settings, epochs, done=0):
    network, average = small_network(), WeightAverage(folder / "average.npz", every=1)
    x = np.ones((8, 2), np.float32)
    callbacks = [average, Scripted(losses), Curves(folder), Best(folder, average, settings)]
    network.fit(x, x[:, :1], 4, epochs, 0, callbacks, initial_epoch=done)
    return average


@pytest.mark.slow
def test_the_best_epoch_is_kept_and_a_fit_that_gets_no_better_stops(tmp_path):
    settings = FitSettings(keep_best=True, patience=2)
    fitted(tmp_path, [0.5, 0.3, 0.4], settings, 2)
    with np.load(tmp_path / BEST_FILE) as stored:
        second = {name: stored[name] for name in stored.files}
    assert best_epoch(read_curves(tmp_path / "curves.csv")) == 2
    assert not is_stopped(tmp_path, 2)
    fitted(tmp_path, [0.5, 0.3, 0.4, 0.35, 0.1], settings, 5, done=2)
    assert [row["epoch"] for row in read_curves(tmp_path / "curves.csv")] == [1, 2, 3, 4]
    assert is_stopped(tmp_path, 2)
    with np.load(tmp_path / BEST_FILE) as stored:
        assert all(np.array_equal(stored[name], array) for name, array in second.items())


def test_without_patience_nothing_stops(tmp_path):
    (tmp_path / "curves.csv").write_text("epoch,val_loss\n1,0.1\n2,0.2\n3,0.3\n")
    assert not is_stopped(tmp_path, 0)
    assert is_stopped(tmp_path, 2)
    assert best_epoch([{"epoch": 1.0}]) == 0
    assert best_epoch([{"epoch": 1.0, "val_loss": float("nan")}, {"epoch": 2.0, "val_loss": 1.0}]) == 2
