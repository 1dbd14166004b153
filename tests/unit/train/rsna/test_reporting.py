"""The page of a run: its figures against others that were computed another way, and what it shows."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from rsna_sets import cached_series, labels_of

from triage_node.train.evaluation.metrics import auc, auc_interval, bootstrap, log_loss
from triage_node.train.phantom.study import SLICE_MM
from triage_node.train.rsna.evaluation.figures_of_merit import measure
from triage_node.train.rsna.evaluation.scoring import ImageScores, constant_scores, prevalence
from triage_node.train.rsna.reporting.hardest import hardest
from triage_node.train.rsna.reporting.notebook_figures import constant_figures, notebook_figures
from triage_node.train.rsna.reporting.pictures import average_precision
from triage_node.train.rsna.reporting.report import Judged, make_page, report_html
from triage_node.train.rsna.reporting.resamples import Resamples, differences, patients_with
from triage_node.train.rsna.reporting.strata import UNKNOWN, SeriesTraits, series_traits
from triage_node.train.rsna.reporting.study_level import HIGHEST, by_study, study_figures
from triage_node.train.site.patient_auc import interval

ANY = 5


@pytest.fixture(scope="module")
def series():
    """Ten patients, half of them with subdural or intraventricular slices."""
    kinds = [labels_of("subdural"), labels_of("intraventricular", "subdural")]
    found = []
    for number in range(10):
        sick = np.stack([kinds[number // 2 % 2]] * 4 + [labels_of()] * (4 + number))
        found.append(cached_series(f"p{number}", sick if number % 2 else np.zeros_like(sick)))
    return found


def guess(name, series, worth, seed=0):
    """Return probabilities that know the truth as well as they are worth."""
    truth = np.concatenate([one.image_labels for one in series])
    noise = np.random.default_rng(seed).normal(0, 0.15, truth.shape)
    return ImageScores.of(name, series, np.clip(0.3 + worth * (truth - 0.3) + noise, 0.01, 0.99)).labeled()


def test_intervals_are_those_of_the_bootstrap_over_patients(series):
    scores = guess("ours", series, 0.5)
    said, truth, patients = scores.probabilities, scores.truth, scores.patients
    found = Resamples(patients, truth).figures(scores)
    wanted = bootstrap(patients, lambda rows: log_loss(said[rows], truth[rows]))
    ours = interval(found.weighted)
    assert (ours.value, ours.low, ours.high) == pytest.approx((wanted.value, wanted.low, wanted.high))
    wanted, ours = auc_interval(said[:, ANY], truth[:, ANY], patients), interval(found.aucs[:, ANY])
    assert (ours.value, ours.low, ours.high) == pytest.approx((wanted.value, wanted.low, wanted.high))


def test_a_difference_is_paired_and_says_who_is_better(series):
    good, bad = guess("good", series, 0.6), guess("bad", series, 0.1, seed=1)
    resamples = Resamples(good.patients, good.truth)
    good_figures, bad_figures = resamples.figures(good), resamples.figures(bad)
    counts = patients_with(good)
    assert counts.tolist() == [0, 0, 2, 0, 5, 5]
    loss, *others = differences(good_figures, bad_figures, counts)
    assert loss.figure == "weighted log loss"
    assert loss.value.value == pytest.approx(
        log_loss(good.probabilities, good.truth) - log_loss(bad.probabilities, bad.truth)
    )
    drawn = bootstrap(
        good.patients,
        lambda rows: (
            log_loss(good.probabilities[rows], good.truth[rows]) - log_loss(bad.probabilities[rows], bad.truth[rows])
        ),
    )
    assert (loss.value.low, loss.value.high) == pytest.approx((drawn.low, drawn.high))
    assert loss.verdict == "better"
    assert differences(bad_figures, good_figures, counts)[0].verdict == "worse"
    same = differences(good_figures, good_figures, np.full(6, 5))
    assert {one.verdict for one in same} == {"not shown to differ"}
    assert same[0].value.low == same[0].value.high == 0
    by_name = {one.figure: one for one in others}
    assert by_name["AUC, any"].verdict == "better"
    assert np.isnan(by_name["AUC, epidural"].value.value)
    assert by_name["AUC, intraventricular"].verdict == "too few patients"


def test_the_notebooks_figures_are_those_of_a_set_of_which_three_quarters_are_positive(series):
    scores = guess("ours", series, 0.5)
    positive, negative = np.flatnonzero(scores.truth[:, ANY]), np.flatnonzero(scores.truth[:, ANY] == 0)
    # So many copies of each that positives are three times as many.
    rows = np.concatenate([np.tile(positive, 3 * len(negative)), np.tile(negative, len(positive))])
    said, truth = scores.probabilities[rows], scores.truth[rows]
    # Five types and none, as the notebook's outputs are.
    said = np.concatenate([said[:, :5], 1 - said[:, 5:]], axis=1)
    truth = np.concatenate([truth[:, :5], 1 - truth[:, 5:]], axis=1)
    found = notebook_figures(scores)
    assert found.accuracy == pytest.approx(np.mean((said >= 0.5) == (truth > 0)))
    entropy = -np.mean(np.where(truth > 0, np.log(said), np.log(1 - said)))
    assert found.cross_entropy == pytest.approx(entropy)
    constant = constant_figures(scores.truth)
    rates = truth.mean(axis=0)
    assert constant.accuracy == pytest.approx(np.maximum(rates, 1 - rates).mean())
    assert constant.cross_entropy < notebook_figures(constant_scores("c", series, prevalence(series))).cross_entropy


def test_average_precision_of_a_known_order():
    scores, truth = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, 1, 0])
    assert average_precision(scores, truth) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.ones(4), truth) == pytest.approx(0.5)
    assert np.isnan(average_precision(scores, np.zeros(4)))


def test_the_hardest_images_are_the_most_wrong_ones_one_a_patient(series):
    scores = guess("ours", series, 0.5)
    subdural = hardest(scores, series)[4]
    assert str(subdural.label) == "subdural"
    owner = dict(zip(scores.images, scores.patients, strict=True))
    for found, has_it in ((subdural.missed, True), (subdural.alarms, False)):
        owners = [owner[one.uid] for one in found]
        assert len(set(owners)) == len(owners) == (5 if has_it else 6)
        rows = [scores.images.index(one.uid) for one in found]
        assert all(bool(scores.truth[row, 4]) is has_it for row in rows)
    worst = min(scores.probabilities[scores.truth[:, 4] > 0, 4])
    assert subdural.missed[0].probability == worst
    picture = cv2.imdecode(np.frombuffer(subdural.missed[0].png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture.shape == (192, 192)
    assert picture.std() > 5
    assert not hardest(scores, series)[0].missed


def test_an_image_without_a_slice_is_not_shown(series):
    refused = [replace(one, slice_of_image=np.full(len(one.images), -1)) for one in series]
    assert not any(one.missed or one.alarms for one in hardest(guess("ours", series, 0.5), refused))


def test_a_predictor_of_images_is_judged_by_the_highest_of_a_study(series):
    scores = guess("ours", series, 0.5)
    [found] = by_study([scores], [], series)
    assert found.rule == HIGHEST
    first = scores.patients == "p1"
    assert found.probabilities[1, ANY] == scores.probabilities[first, ANY].max()
    figures = study_figures(found)
    assert figures.auc[ANY].value == auc(found.probabilities[:, ANY], np.arange(10) % 2)
    assert not figures.answers


def test_a_study_that_is_not_labeled_throughout_is_not_judged(series):
    half = [replace(one, image_known=np.arange(len(one.images)) > 0) for one in series]
    assert by_study([guess("ours", series, 0.5)], [], half) == []


@pytest.mark.parametrize(
    ("mm", "words"), [(1.25, "up to 1.5 mm"), (5.0, "4.75 to 5.5 mm"), (7.0, "over 5.5 mm"), (np.nan, UNKNOWN)]
)
def test_distances_are_told_in_ranges(mm, words):
    assert SeriesTraits(mm, "").distance == words


@pytest.mark.slow
def test_what_is_known_of_a_series_is_read_from_index_and_header(indexed_set, tmp_path):
    index, _ = indexed_set
    wanted = set(index.table["series_instance_uid"].to_pylist())
    found = series_traits(index, wanted)
    assert found.keys() == wanted
    assert all(min(SLICE_MM) <= one.distance_mm <= max(SLICE_MM) for one in found.values())
    assert any("wrapped" in one.storage for one in found.values())
    assert {one.scanner for one in found.values()} == {UNKNOWN}
    assert series_traits(replace(index, images=tmp_path / "gone"), wanted) == found


@pytest.mark.slow
def test_the_page_says_it_all_and_loads_nothing(indexed_set, series):
    index, _ = indexed_set
    uids = sorted(set(index.table["series_instance_uid"].to_pylist()))
    placed = [replace(one, series_instance_uid=uids[number % len(uids)]) for number, one in enumerate(series)]
    scores = [constant_scores("constant", placed, prevalence(placed)).labeled(), guess("ours", placed, 0.5)]
    judged = Judged("ours on a fold", scores, list(map(measure, scores)), by_study(scores, [], placed), placed, index)
    page = make_page(judged)
    html = report_html(page)
    assert not re.search(r"(?:src|href)=\"(?!data:)", html)
    for words in (
        "Paired differences",
        "minus constant",
        "not shown to differ",
        "Hardest images",
        "distance of slices",
    ):
        assert words in html
    assert f"{judged.figures[1].weighted_log_loss.value:.4f}" in html
    assert html.count("data:image/png") == len(page.pictures) + sum(
        len(one.missed) + len(one.alarms) for one in page.hardest
    )
    assert "nan" not in re.sub(r"base64,[^\"]*", "", html)
