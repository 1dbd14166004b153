import csv

import numpy as np
import pytest
from rsna_sets import cached_series, labels_of

from triage_node.errors import TriageError
from triage_node.train.evaluation.metrics import log_loss
from triage_node.train.rsna.evaluation.figures_of_merit import cross_entropy, measure, write_comparison
from triage_node.train.rsna.evaluation.scores_file import read_scores, write_scores
from triage_node.train.rsna.evaluation.scoring import ImageScores, constant_scores, prevalence


@pytest.fixture
def series():
    """Six patients, half of them with subdural slices."""
    sick = np.stack([labels_of("subdural")] * 4 + [labels_of()] * 4)
    return [cached_series(f"p{k}", sick if k % 2 else np.stack([labels_of()] * 8)) for k in range(6)]


def informed(series):
    """Probabilities that know the truth, more or less."""
    truth = np.concatenate([one.image_labels for one in series])
    noise = np.random.default_rng(0).normal(0, 0.15, truth.shape)
    return ImageScores.of("ours", series, np.clip(0.25 + 0.5 * truth + noise, 0.01, 0.99))


def test_a_constant_has_an_auc_of_one_half_and_the_entropy_of_its_prevalence(series):
    rates = prevalence(series)
    assert rates[4] == pytest.approx(13 / 50)
    found = measure(constant_scores("constant", series, rates).labeled())
    assert found.auc[4].value == 0.5
    assert np.isnan(found.auc[0].value)
    truth = np.concatenate([one.image_labels for one in series])
    assert found.weighted_log_loss.value == pytest.approx(log_loss(np.tile(rates, (48, 1)), truth))
    assert found.binary_cross_entropy == pytest.approx(cross_entropy(np.tile(rates, (48, 1)), truth))
    assert found.accuracy == pytest.approx(1 - truth.mean())


def test_a_predictor_that_knows_something_is_ahead_on_all(series):
    constant = measure(constant_scores("constant", series, prevalence(series)).labeled())
    ours = measure(informed(series).labeled())
    assert ours.accuracy > constant.accuracy
    assert ours.mean_auc > 0.9
    assert ours.auc[5].low <= ours.auc[5].value <= ours.auc[5].high
    assert (ours.images, ours.patients) == (48, 6)


def test_the_table_is_written_with_a_picture(series, tmp_path):
    compared_figures = [measure(informed(series).labeled())]
    with write_comparison(tmp_path, compared_figures).open() as stream:
        (row,) = csv.DictReader(stream)
    assert row["predictor"] == "ours"
    assert row["wLL"] == f"{compared_figures[0].weighted_log_loss.value:.4f}"
    assert (tmp_path / "comparison.png").stat().st_size > 5000


def test_scores_read_back_and_those_of_other_images_are_refused(series, tmp_path):
    scores = informed(series)
    write_scores(tmp_path / "scores.npz", scores)
    assert np.allclose(read_scores(tmp_path / "scores.npz", scores).probabilities, scores.probabilities)
    with pytest.raises(TriageError, match="of other images"):
        read_scores(tmp_path / "scores.npz", informed(series[1:]))
    (tmp_path / "scores.npz").write_bytes(b"nothing")
    with pytest.raises(TriageError, match="could not be read"):
        read_scores(tmp_path / "scores.npz", scores)


def test_unlabeled_images_do_not_judge(series):
    more = [*series, cached_series("q", np.stack([labels_of()] * 8), known=False)]
    assert len(informed(more).labeled().images) == 48
    with pytest.raises(TriageError, match="None of the images"):
        informed(more[-1:]).labeled()
