import numpy as np
import pytest
from rsna_sets import cached_series, labels_of

from triage_node.errors import TriageError
from triage_node.models.windows import Window
from triage_node.train.rsna.fitting.balance import Balance
from triage_node.train.rsna.fitting.slice_sampler import FixedBatches, LabeledPool

WINDOWS = (Window(8, 80, neighbors=True), Window(48, 200))


@pytest.fixture
def series():
    """A patient with many slices without hemorrhage, a few with one type, one with another."""
    rows = [labels_of()] * 30 + [labels_of("subdural")] * 4 + [labels_of("epidural")]
    return [cached_series("a", np.stack(rows)), cached_series("b", np.stack([labels_of()] * 10))]


def test_sampling_shows_half_with_hemorrhage_and_its_types_as_often(series):
    pool = LabeledPool(series, WINDOWS, Balance.SAMPLING)
    images, targets, weights = pool.batch(200, np.random.default_rng(0))
    assert images.shape == (200, 32, 32, 4)
    assert targets["slice"][:, -1].mean() == 0.5
    assert 0.35 < targets["slice"][targets["slice"][:, -1] > 0, 0].mean() < 0.65
    assert weights["map"].max() == 0
    assert np.all(weights["slice"] == 1)


def test_the_loss_balances_to_the_same_shares_in_the_mean(series):
    pool = LabeledPool(series, WINDOWS, Balance.LOSS)
    _, targets, weights = pool.batch(4000, np.random.default_rng(0))
    labels, weight = targets["slice"], weights["slice"]
    assert 0.9 < weight.mean() < 1.1
    assert abs((weight * labels[:, -1]).sum() / weight.sum() - 0.5) < 0.05
    assert abs((weight * labels[:, 0]).sum() / (weight * labels[:, 4]).sum() - 1) < 0.3


def test_without_balance_slices_come_as_they_are(series):
    _, targets, weights = LabeledPool(series, WINDOWS, Balance.NONE).batch(2000, np.random.default_rng(0))
    assert abs(targets["slice"][:, -1].mean() - 5 / 45) < 0.03
    assert np.all(weights["slice"] == 1)


@pytest.mark.parametrize("balance", list(Balance))
def test_slices_without_a_label_are_never_drawn(balance, series):
    unknown = cached_series("c", np.stack([labels_of()] * 50), known=False)
    pool = LabeledPool([*series, unknown], WINDOWS, balance)
    assert len(pool) == 45
    assert not unknown.clean.any()
    assert LabeledPool(series, WINDOWS, balance).batch(8, np.random.default_rng(5))[0].tolist() == (
        pool.batch(8, np.random.default_rng(5))[0].tolist()
    )


def test_validation_batches_hold_each_slice_once(series):
    batches = FixedBatches(LabeledPool(series, WINDOWS, Balance.NONE), 40, 16, seed=0)
    sizes = [len(batches[k][0]) for k in range(len(batches))]
    assert sizes == [16, 16]
    assert np.array_equal(batches[1][0], batches[1][0])
    few = FixedBatches(LabeledPool(series, WINDOWS, Balance.NONE), 40, 64, seed=0)
    assert (len(few), len(few[0][0])) == (1, 64)


def test_smoothed_labels_lie_nearer_to_one_half(series):
    plain, smooth = (LabeledPool(series, WINDOWS, label_smoothing=share) for share in (0.0, 0.1))
    first, second = (pool.batch(8, np.random.default_rng(5)) for pool in (plain, smooth))
    assert np.array_equal(first[0], second[0])
    assert np.allclose(second[1]["slice"], np.where(first[1]["slice"] > 0, 0.95, 0.05))


def test_a_pool_of_nothing_or_of_one_class_is_refused(series):
    with pytest.raises(TriageError, match="None of the slices"):
        LabeledPool([cached_series("c", np.stack([labels_of()]), known=False)], WINDOWS)
    with pytest.raises(TriageError, match="with and without hemorrhage"):
        LabeledPool(series[1:], WINDOWS)
