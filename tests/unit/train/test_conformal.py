import numpy as np
import pytest
from scipy.stats import binom

from triage_node.findings import LABELS, Label
from triage_node.train.calibration.conformal import (
    ErrorLevels,
    conformal_thresholds,
    label_thresholds,
    least_studies,
    lower_quantile,
    upper_quantile,
)

# Correct thresholds fail in one run of a billion.
RISK = 1e-9


@pytest.mark.parametrize(("count", "alpha"), [(60, 0.1), (99, 0.02), (30, 0.25)])
def test_new_studies_exceed_the_quantiles_no_more_often_than_promised(seed, count, alpha):
    rng = np.random.default_rng(seed)
    above, below, draws = [], [], 4000
    for _ in range(draws):
        scores, new = rng.normal(size=count), rng.normal()
        above.append(new > upper_quantile(scores, alpha))
        below.append(new < lower_quantile(scores, alpha))
    fewest, most = binom.isf(1 - RISK, draws, alpha - 1 / (count + 1)), binom.isf(RISK, draws, alpha)
    for errors in (above, below):
        assert fewest <= np.sum(errors) <= most


def test_three_answers_keep_both_error_levels(seed):
    rng = np.random.default_rng(seed)
    levels = ErrorLevels(0.05, 0.10)
    truth = np.repeat([0, 1], 80)
    flagged_negative, missed_positive, draws = [], [], 1500
    for _ in range(draws):
        scores = 1 / (1 + np.exp(-rng.normal(2.0 * truth, 1)))
        high, low = label_thresholds(scores, truth, levels)
        flagged_negative.append(1 / (1 + np.exp(-rng.normal(0, 1))) > high)
        missed_positive.append(1 / (1 + np.exp(-rng.normal(2, 1))) < low)
    assert np.sum(flagged_negative) <= binom.isf(RISK, draws, levels.negative)
    assert np.sum(missed_positive) <= binom.isf(RISK, draws, levels.positive)


def test_the_rank_is_the_one_with_the_finite_sample_correction():
    scores = np.arange(1, 100) / 100
    assert upper_quantile(scores, 0.10) == 0.90
    assert lower_quantile(scores, 0.10) == pytest.approx(0.10)
    assert least_studies(0.02) == 49
    assert upper_quantile(scores[:48], 0.02) is None
    assert upper_quantile(scores[:49], 0.02) == scores[48]


def test_too_few_studies_give_the_extremes():
    high, low = label_thresholds(np.array([0.2, 0.8]), np.array([0, 1]), ErrorLevels())
    assert (high, low) == (1.0, 0.0)
    assert label_thresholds(np.array([]), np.array([]), ErrorLevels()) == (1.0, 0.0)


def test_all_negatives_flag_little_and_exclude_nothing(seed):
    scores = np.random.default_rng(seed).random((200, 6))
    thresholds = conformal_thresholds(scores, np.zeros((200, 6)), ErrorLevels())
    assert all(thresholds.uncertain[label] == 0 for label in LABELS)
    assert all((scores[:, k] > thresholds.flag[label]).mean() <= 0.02 for k, label in enumerate(LABELS))


def test_ties_are_not_flagged():
    scores, truth = np.r_[np.full(100, 0.3), np.full(100, 0.9)], np.repeat([0, 1], 100)
    high, low = label_thresholds(scores, truth, ErrorLevels())
    # The classes lie far apart: between them neither answer remains possible.
    assert (high, low) == (0.9, 0.3)
    high, low = label_thresholds(np.full(200, 0.5), truth, ErrorLevels())
    assert high == low == 0.5


def test_a_stricter_level_never_lowers_the_flag_threshold(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 400)
    scores = 1 / (1 + np.exp(-rng.normal(truth, 1)))
    found = [label_thresholds(scores, truth, ErrorLevels(alpha, 0.1))[0] for alpha in (0.2, 0.1, 0.05, 0.02)]
    assert found == sorted(found)
    low = [label_thresholds(scores, truth, ErrorLevels(0.02, alpha))[1] for alpha in (0.2, 0.1, 0.05)]
    assert low == sorted(low, reverse=True)


def test_thresholds_survive_the_rounding_of_a_manifest(seed):
    scores = np.random.default_rng(seed).random((300, 6)).astype(np.float32)
    truth = np.tile(np.arange(300)[:, None] % 2, (1, 6))
    found = conformal_thresholds(scores, truth, ErrorLevels())
    for label in LABELS:
        assert round(found.flag[label], 6) == found.flag[label]
        assert round(found.uncertain[label], 6) == found.uncertain[label]
    assert found.flag[Label.ANY] >= found.uncertain[Label.ANY]


@pytest.mark.parametrize("wrong", [(0.0, 0.1), (0.1, 1.0)])
def test_levels_outside_of_zero_and_one_are_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        ErrorLevels(*wrong)
