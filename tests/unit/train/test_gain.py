import numpy as np
import pytest

from triage_node.findings import LABELS, Label
from triage_node.models.preprocessing import StrippedHead
from triage_node.models.skull_stripping.head_axis import HeadAxis
from triage_node.train.evaluation.metrics import auc, bootstrap
from triage_node.train.site.cases import Case, CaseScores
from triage_node.train.site.gain import conclusion, gains, mean_scores
from triage_node.train.site.patient_auc import PatientAuc, interval
from triage_node.train.site.pictures import draw_adaptation

SLICES = 6


def made_cases(rng, patients=24):
    """Cases without pixels: every second shows an epidural hematoma in two slices, and two slices are not labeled."""
    cases = []
    for number in range(patients):
        labels = np.zeros((SLICES, len(LABELS)), np.uint8)
        labels[2:4, [0, -1]] = number % 2
        area = rng.uniform(60, 140, SLICES).astype(np.float32)
        pixels, axis = np.zeros((SLICES, 1, 1), np.float32), HeadAxis(0.0, np.zeros((SLICES, 2)))
        head = StrippedHead(pixels, pixels > 0, np.zeros((SLICES, 2), int), np.arange(SLICES), area, 32.0, axis, 5.0)
        cases.append(Case(f"p{number}", head, labels, np.arange(SLICES) > 1, labels.max(axis=0)))
    return cases


def scored(cases, rng, contrast):
    return [
        CaseScores(case, (contrast * case.labels + rng.normal(0, 1, case.labels.shape)).astype(np.float32))
        for case in cases
    ]


@pytest.mark.parametrize("ties", [False, True])
def test_weighed_pairs_give_the_figures_of_resampled_rows(seed, ties):
    rng = np.random.default_rng(seed)
    patients = np.array([f"p{n}" for n in rng.integers(0, 9, 150)])
    truth = rng.integers(0, 2, 150)
    scores = rng.integers(0, 4, 150).astype(float) if ties else rng.normal(truth, 1)
    found = interval(PatientAuc(patients, truth, resamples=60).of(scores))
    expected = bootstrap(patients, lambda rows: auc(scores[rows], truth[rows]), resamples=60)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))


def test_a_label_that_nobody_has_has_no_figure():
    found = interval(PatientAuc(np.array(["a", "b"]), np.zeros(2)).of(np.array([0.1, 0.2])))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_the_same_scores_gain_nothing(seed):
    rng = np.random.default_rng(seed)
    before = scored(made_cases(rng), rng, 1.0)
    for gain in gains(before, [before, before]):
        if gain.label in (Label.ANY, Label.EPIDURAL):
            assert (gain.paired.value, gain.paired.low, gain.paired.high) == (0, 0, 0)
            assert gain.before == gain.after
        else:
            assert gain.positive == 0
            assert np.isnan(gain.paired.value)


def test_a_gain_is_paired_and_counts_labeled_slices_only(seed):
    rng = np.random.default_rng(seed)
    cases = made_cases(rng)
    before, after = scored(cases, rng, 0.3), [scored(cases, rng, 6.0) for _ in range(2)]
    found = {(gain.rows, gain.label): gain for gain in gains(before, after)}
    gain = found["all slices", Label.ANY]
    assert (gain.count, gain.positive) == (24 * 4, 24)
    assert gain.paired.value == pytest.approx(gain.after.value - gain.before.value)
    assert gain.paired.low > 0
    assert gain.of_seeds.low > 0
    large = found["slices with 100 cm2 of brain or more", Label.ANY]
    assert 0 < large.count < gain.count
    assert found["patients", Label.ANY].count == 24


def test_the_mean_of_seeds_is_that_of_their_logits(seed):
    rng = np.random.default_rng(seed)
    cases = made_cases(rng, 4)
    one, two = scored(cases, rng, 1.0), scored(cases, rng, 1.0)
    for first, second, mean in zip(one, two, mean_scores([one, two]), strict=True):
        assert np.allclose(mean.logits, (first.logits + second.logits) / 2)
        assert mean.case is first.case


def test_the_picture_shows_curves_and_studies(seed):
    import cv2

    rng = np.random.default_rng(seed)
    cases = made_cases(rng)
    picture = draw_adaptation(scored(cases, rng, 0.5), scored(cases, rng, 3.0))
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[1] > 1000
    assert (image < 200).any(axis=(0, 2)).mean() > 0.5


@pytest.mark.parametrize(("contrast", "words"), [(6.0, "Better"), (0.8, "Not shown to be better"), (-6.0, "Worse")])
def test_a_gain_whose_interval_holds_zero_is_none(contrast, words):
    rng = np.random.default_rng(1)
    cases = made_cases(rng)
    found = gains(scored(cases, rng, 0.8), [scored(cases, rng, contrast)])
    assert conclusion(found).startswith(words)
    assert conclusion(found).endswith("keep the old model.") == (words != "Better")
