import numpy as np
import pytest

from triage_node.train.evaluation.metrics import auc, auc_interval, log_loss


def test_auc_by_hand():
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == 0.75
    assert auc(np.array([1.0, 1, 1, 1]), np.array([0, 1, 0, 1])) == 0.5
    assert np.isnan(auc(np.array([1.0, 2]), np.array([1, 1])))


def test_the_interval_knows_that_slices_of_a_patient_go_together(seed):
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1] * 10, 30)
    scores = truth + np.repeat(rng.normal(0, 1.0, 20), 30)
    together = auc_interval(scores, truth, np.repeat(np.arange(20), 30))
    apart = auc_interval(scores, truth, np.arange(600))
    assert together.low <= together.value <= together.high
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_log_loss_counts_any_twice():
    truth = np.array([[0, 0, 0, 0, 0, 1.0]])
    sure = np.array([[1e-6] * 5 + [0.5]])
    assert log_loss(sure, truth) == pytest.approx(2 * np.log(2) / 7, abs=1e-4)
