import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from triage_node.errors import TriageError
from triage_node.findings import LABELS, TYPES, Label
from triage_node.models import load_model, read_manifest
from triage_node.models.preprocessing import Geometry
from triage_node.train.calibration.conformal import UNCOUNTED
from triage_node.train.commands.evaluation_tables import print_evaluation
from triage_node.train.evaluation.across_seeds import across_seeds
from triage_node.train.evaluation.bars import Bar
from triage_node.train.evaluation.by_thickness import by_thickness
from triage_node.train.evaluation.evaluate import evaluate, measure
from triage_node.train.evaluation.figures import figures, paired_figures, robustness_figures, seed_figures
from triage_node.train.evaluation.frozen import (
    check_generator,
    compare_lesions,
    make_frozen_shards,
    read_frozen_set,
    refuse_seen,
)
from triage_node.train.evaluation.metrics import sensitivity_at, share
from triage_node.train.evaluation.model_section import model_section
from triage_node.train.evaluation.paired import paired_differences, plain_logits
from triage_node.train.evaluation.pictures import draw, roc_points
from triage_node.train.evaluation.regions import Region
from triage_node.train.evaluation.reliability import brier_skill, calibration_error, equal_mass_bins, reliability
from triage_node.train.evaluation.report import Section, report_html, write_report
from triage_node.train.evaluation.robustness import Robustness
from triage_node.train.evaluation.scored import ScoredStudy, lesion_statistics
from triage_node.train.evaluation.scores import gather
from triage_node.train.evaluation.stability import Answer, Head
from triage_node.train.evaluation.variants import VARIANTS
from triage_node.train.model_card import card_text
from triage_node.train.shards import StudyRecord, read_shard, write_shard


def made_studies(seed, count=40, shift=0.0):
    """Generated studies of which every second has 1, 3 or 30 mL of one type; large lesions score higher."""
    rng = np.random.default_rng(seed)
    studies = []
    for number in range(count):
        labels, volume, hu = np.zeros((12, 6), np.uint8), np.zeros(6), np.full(6, np.nan)
        if number % 2:
            kind = number // 2 % 5
            labels[4:8, [kind, 5]] = 1
            volume[[kind, 5]], hu[[kind, 5]] = (1.0, 3.0, 30.0)[number % 3], 50.0 + number % 7
        logits = labels * (2 + 2 * np.log1p(volume)) - 4 + rng.normal(shift, 1, labels.shape)
        area = np.full(12, 120, np.float32)
        studies.append(ScoredStudy(str(number), logits.astype(np.float32), labels, area, 5.0, volume, hu))
    return studies


def test_thin_and_thick_slices_are_judged_apart():
    thin, usual, thick = ([replace(study, slice_mm=mm) for study in made_studies(4)] for mm in (2.5, 5.0, 10.0))
    thick = [replace(study, logits=-study.logits) for study in thick]
    bins = by_thickness(gather(read_manifest(), [*thin, *usual, *thick]))
    assert [found.name for found in bins] == ["under 4 mm", "4 to 6 mm", "6 mm and more"]
    assert [(found.studies, found.positive) for found in bins] == [(40, 20)] * 3
    assert bins[0].auc.value > 0.7 > 0.5 > bins[2].auc.value
    assert len(by_thickness(gather(read_manifest(), thin))) == 1


def test_sensitivity_is_taken_where_the_specificity_still_holds():
    scores, truth = np.arange(20.0), np.array([0] * 10 + [1] * 10)
    assert sensitivity_at(scores, truth, 0.9) == 1
    scores[9] = 15.5
    assert sensitivity_at(scores, truth, 0.9) == 1
    assert sensitivity_at(scores, truth, 0.95) == 0.4
    assert np.isnan(sensitivity_at(scores, np.ones(20), 0.9))


def test_a_share_of_nothing_is_no_figure_and_one_of_few_is_wide():
    assert np.isnan(share(np.zeros(0)).value)
    found = share(np.ones(5, bool))
    assert found.value == 1
    assert found.low == pytest.approx(0.566, abs=0.001)


def test_the_calibration_error_by_hand():
    predicted, true = np.repeat([0.1, 0.7], 10), np.array([0] * 10 + [1] * 10)
    bins = equal_mass_bins(predicted, true, np.arange(20), 2)
    assert [found.count for found in bins] == [10, 10]
    assert calibration_error(bins) == pytest.approx((0.1 + 0.3) / 2)


def test_true_probabilities_are_calibrated_and_stretched_ones_are_not(seed):
    rng = np.random.default_rng(seed)
    # Of 4,000 the error is .016 with a deviation of .004, and .03 was passed in one of 1,500 draws.
    count = 12_000
    predicted = rng.random(count)
    true = rng.random(count) < predicted
    honest, sure = (reliability("", p, true, np.arange(count)) for p in (predicted, (predicted > 0.5) * 0.98 + 0.01))
    assert honest.calibration_error < 0.03
    assert sure.calibration_error > 0.2
    assert honest.brier < sure.brier


def test_the_prevalence_has_no_skill():
    true = np.array([0, 0, 0, 1.0])
    assert brier_skill(np.full(4, 0.25), true) == pytest.approx(0)
    assert brier_skill(true, true) == 1


def test_volume_and_density_come_from_the_bits():
    gray, bits = np.full((2, 4, 4), 60, np.uint8), np.zeros((2, 4, 4), np.uint8)
    bits[0, 0, :2], gray[0, 0, :2] = 1 << TYPES.index(Label.SUBDURAL), (80, 90)
    bits[0, 0, 1] |= 1
    record = StudyRecord(gray, bits, np.zeros((2, 2), int), np.zeros((2, 6)), np.zeros(2), 1, 7.0, 30.0)
    volume, hu = lesion_statistics(record, 2.0)
    assert volume.tolist() == pytest.approx([0.028, 0, 0, 0, 0.056, 0.056])
    assert hu[[0, 4, 5]].tolist() == [60, 55, 55]
    assert np.isnan(hu[1])


def test_shards_from_before_the_spacing_was_kept_read_as_usual(tmp_path):
    record = StudyRecord(*(np.zeros((1, 4, 4), np.uint8),) * 5, 7, 3.0, 29.0)
    path = tmp_path / "shard-00000007.npz"
    write_shard(path, [record], Geometry())
    assert (read_shard(path)[0].slice_mm, read_shard(path)[0].median_hu) == (3.0, 29.0)
    with np.load(path) as stored:
        old = {name: stored[name] for name in stored if not name.startswith(("slice_mm", "median_hu"))}
    np.savez(path, **old)
    assert (read_shard(path)[0].slice_mm, read_shard(path)[0].median_hu) == (5.0, 32.0)


@pytest.mark.slow
def test_figures_by_volume_count_every_lesion_once(seed):
    studies = made_studies(seed)
    found = evaluate(read_manifest(), studies)
    for label in LABELS:
        bins = [part for part in found.by_volume if part.label == label]
        assert len(bins) == 7
        assert sum(part.count for part in bins) == sum(s.study_labels[LABELS.index(label)] for s in studies)
    clear = {part.label: part.positive for part in found.clear_lesions}
    assert all(0 < clear[label] < 4 for label in TYPES)
    assert max(clear.values()) <= clear[Label.ANY] <= sum(study.study_labels[-1] for study in studies)
    demands = {bar.name: bar.aim for bar in found.bars}
    assert (
        demands["study AUC any"] == demands["study AUC any, 2 mL or more"] > demands["study AUC subdural, 2 mL or more"]
    )
    largest = [part for part in found.by_volume if part.label == Label.ANY][-1]
    assert largest.at_specificity.value > 0.9


@pytest.mark.slow
def test_a_mean_of_seeds_is_judged_beside_them_and_not_counted_among_them():
    mean, first, second = (load_model() for _ in range(3))
    scored = {id(mean): made_studies(1), id(first): made_studies(2), id(second): made_studies(3, shift=0.5)}
    section = model_section("Studies", mean, [first, second], lambda model: scored[id(model)], draw_pictures=False)
    assert section.figures["auc"] == figures(evaluate(mean.manifest, made_studies(1)))["auc"]
    seeds = section.figures["across_seeds"]["auc"]["patients"]["any"]
    each = [figures(evaluate(mean.manifest, scored[id(one)]))["auc"]["patients"]["any"][0] for one in (first, second)]
    assert seeds["each"] == each
    assert "across_seeds" not in model_section("Studies", mean, [], lambda _: made_studies(1), False).figures


@pytest.mark.slow
def test_answers_add_up(seed):
    found = evaluate(read_manifest(), made_studies(seed))
    for answers in (found.positive, found.negative):
        shares = (answers.flagged.value, answers.uncertain.value, answers.not_flagged.value)
        assert sum(shares) == pytest.approx(1)


@pytest.mark.slow
def test_real_studies_have_no_figures_by_volume_and_no_bars(seed):
    studies = [replace(study, volume_ml=None, lesion_hu=None) for study in made_studies(seed)]
    found = figures(evaluate(read_manifest(), studies))
    assert "sensitivity_by_volume" not in found
    assert found["bars"] == []


@pytest.mark.parametrize(
    ("bar", "verdict"),
    [
        (Bar("", 0.9, 0.88, 0.84), "met"),
        (Bar("", 0.85, 0.88, 0.84), "short of the aim"),
        (Bar("", 0.8, 0.88, 0.84), "missed"),
        (Bar("", 0.04, 0.05, 0.05, below=True), "met"),
        (Bar("", 0.06, 0.05, 0.05, below=True), "missed"),
        (Bar("", float("nan"), 0.5, 0.5), "not measured"),
    ],
)
def test_a_bar_is_met_or_missed(bar, verdict):
    assert bar.verdict == verdict


def test_the_frozen_set_is_that_of_the_present_generator():
    check_generator(read_frozen_set())


def test_another_generator_is_refused(tmp_path):
    frozen = read_frozen_set()
    easier = replace(frozen, generator={**frozen.generator, "smallest_area_mm2": 100.0})
    with pytest.raises(TriageError, match="smallest_area_mm2"):
        list(make_frozen_shards(tmp_path, easier, Geometry(), 1))


def test_shards_that_are_not_of_the_frozen_set_are_refused(tmp_path):
    np.savez(tmp_path / "shard-00000000.npz", seeds=np.array([0]))
    with pytest.raises(TriageError, match="not made as a frozen set"):
        list(make_frozen_shards(tmp_path, read_frozen_set(), Geometry(), 1))


def test_studies_that_a_model_was_fitted_on_are_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"recipe": {"studies": {"first_seed": 0, "count": 100}}}))
    manifest = SimpleNamespace(folder=tmp_path, name="model", version="1")
    np.savez(tmp_path / "shard-00000100.npz", seeds=np.array([100, 101]))
    refuse_seen(manifest, tmp_path)
    np.savez(tmp_path / "shard-00000099.npz", seeds=np.array([99]))
    with pytest.raises(TriageError, match="seed 99"):
        refuse_seen(manifest, tmp_path)


def test_lesions_are_held_against_published_ones(seed):
    studies = made_studies(seed)
    volume, hu = (np.stack([getattr(study, name) for study in studies]) for name in ("volume_ml", "lesion_hu"))
    found = compare_lesions(read_frozen_set(), volume, hu)
    assert [part.label for part in found] == list(TYPES)
    assert all(part.count == 4 and 1 <= part.volume_ml[0] <= part.volume_ml[-1] <= 30 for part in found)
    assert all(list(part.published.volume_ml) == sorted(part.published.volume_ml) for part in found)


@pytest.mark.slow
def test_the_mean_of_seeds_lies_between_them(seed):
    manifest = read_manifest()
    scores = [gather(manifest, made_studies(seed + k)) for k in range(3)]
    for row in across_seeds(scores):
        for found in row.by_label:
            assert min(found.each) <= found.mean.value <= max(found.each)
            assert found.mean.low <= found.mean.value <= found.mean.high
    with pytest.raises(TriageError, match="same slices"):
        across_seeds([scores[0], gather(manifest, made_studies(seed, count=38))])


def test_a_roc_curve_has_the_area_of_the_ranks():
    false, true = roc_points(np.array([0.1, 0.4, 0.35, 0.8, 0.8]), np.array([0, 0, 1, 1, 0]))
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true, false) == pytest.approx(4 / 6 - 0.5 / 6)


@pytest.mark.slow
def test_report_and_card_say_what_was_measured(seed, tmp_path):
    manifest = read_manifest()
    scores = gather(manifest, made_studies(seed))
    evaluation = measure(scores)
    found = figures(evaluation)
    found["across_seeds"] = seed_figures(["a", "b", "c"], across_seeds([scores] * 3))
    pictures = dict(draw(manifest, scores, evaluation))
    assert set(pictures) == {"roc", "reliability", "sensitivity-by-volume", "scores"}
    page = write_report(tmp_path, manifest, [Section("Set <1>", found, pictures)], {"head": "not flagged"})
    text = page.read_text()
    assert text.count("data:image/png;base64,") == 4
    assert "Set &lt;1&gt;" in text
    assert "<script" not in text and "http" not in text
    assert len(list(tmp_path.glob("set-1-*.png"))) == 4
    card = card_text(replace(manifest, metrics={"Set": found}))
    for words in (
        "mean of three seeds",
        "Expected calibration error",
        "Flagged, by volume",
        "| study AUC any |",
        "| 4 to 6 mm | 40, 20 |",
        "## Intended use",
        "21 CFR 892.2080",
        "from 18 years on",
        "## Known failures",
    ):
        assert words in card
    assert json.loads(json.dumps(found)) == found


def test_a_report_of_single_series_needs_no_pictures():
    assert "head: not flagged" in report_html(read_manifest(), [], {"head": "not flagged"})


def test_the_shipped_card_quotes_the_frozen_set_as_it_is_now():
    """A generator of another version makes another set: the model is judged anew, or the card is of the past."""
    assert read_frozen_set().name in read_manifest().metrics


@pytest.mark.slow
def test_slices_without_a_label_are_no_slices_without_hemorrhage(seed):
    """A study may be labeled as a whole, or in some of its slices."""
    studies = made_studies(seed)
    known = [replace(study, known=np.arange(12) < 6) for study in studies]
    found = evaluate(read_manifest(), known)
    assert [row.count for row in found.rows] == [240, 240, 40]
    whole = [replace(s, known=np.zeros(12, bool), given_labels=s.study_labels, labels=0 * s.labels) for s in studies]
    found = evaluate(read_manifest(), whole)
    assert [row.count for row in found.rows] == [0, 0, 40]
    assert found.rows[-1].positive == 20
    assert np.isnan(found.rows[0].by_label[-1].value)
    assert figures(found)["slice_log_loss"] is None
    pictures = dict(draw(read_manifest(), gather(read_manifest(), whole), found))
    assert pictures["roc"].startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_type_that_nobody_told_is_judged_on_the_others(seed):
    """A reader who disagrees with *not flagged* says that there is hemorrhage, and not of which type."""
    studies = made_studies(seed)
    told = evaluate(read_manifest(), studies)
    labels = [study.study_labels.astype(np.int8) for study in studies]
    untold = [
        np.where(np.arange(6) < 5, UNCOUNTED, one) if number % 4 == 3 else one for number, one in enumerate(labels)
    ]
    found = evaluate(read_manifest(), [replace(s, given_labels=one) for s, one in zip(studies, untold, strict=True)])
    half = evaluate(read_manifest(), [study for number, study in enumerate(studies) if number % 4 != 3])
    [patients, expected, whole] = [one.rows[-1] for one in (found, half, told)]
    assert [one.value for one in patients.by_label[:5]] == [one.value for one in expected.by_label[:5]]
    assert patients.by_label[5] == whole.by_label[5]


def noisy(studies):
    rng = np.random.default_rng(2)
    noise = (rng.normal(0, 1, study.logits.shape).astype(np.float32) for study in studies)
    return [replace(study, logits=study.logits * 0.2 + other) for study, other in zip(studies, noise, strict=True)]


def test_paired_differences_are_surer_than_those_of_strangers():
    manifest = read_manifest()
    own, other = (gather(manifest, made_studies(1)) for _ in range(2))
    assert {found.value for row in paired_differences(own, other) for found in row.by_label} == {0.0}
    by_slice = paired_differences(own, gather(manifest, noisy(made_studies(1))))[0].by_label[-1]
    assert 0 < by_slice.low < by_slice.value < by_slice.high


def test_a_model_that_is_surer_of_plain_heads_has_lower_logits():
    manifest, studies = read_manifest(), made_studies(3)
    lower = [replace(study, logits=study.logits - 1) for study in studies]
    found = plain_logits(gather(manifest, lower), gather(manifest, studies))
    assert [one.quantile for one in found] == [0.1, 0.5, 0.9]
    for one in found:
        assert one.difference.value == pytest.approx(one.own.value - one.other.value)
        assert one.difference.high < 0


def test_only_the_same_studies_can_be_paired():
    manifest = read_manifest()
    own, other = gather(manifest, made_studies(1)), gather(manifest, made_studies(1, count=38))
    with pytest.raises(ValueError, match="same studies"):
        paired_differences(own, other)


def test_a_report_shows_how_a_model_differs_and_how_steady_it_is():
    manifest, studies = read_manifest(), made_studies(4)
    own, other = gather(manifest, studies), gather(manifest, noisy(studies))
    found = figures(measure(own))
    found["paired"] = paired_figures("net 1", paired_differences(own, other), plain_logits(own, other))
    heads = (Head("seed 7", Answer("flagged", 3.0), dict.fromkeys(VARIANTS, Answer("not_flagged", -1.0))),)
    found["robustness"] = robustness_figures(Robustness(heads, (Region.RIM, Region.BASE), ({Region.RIM: 17.25},)))
    page = report_html(manifest, [Section("Set", found, {})], {})
    for words in ("AUC less that of net 1", "blur of 1.0 mm", "seed 7", "posterior midline", "<td>0.500</td>", "17.2"):
        assert words in page
    print_evaluation("Set", found)
    card = card_text(replace(manifest, metrics={"Set": found}))
    assert "| blur of 1.0 mm |" in card
    assert "rim 50%" in card
    assert re.search(r"\| flagged heads that became not flagged \| \d+\.000 \| at most 0 \| missed \|", card)
    real = {name: figure for name, figure in found.items() if name != "robustness"} | {"bars": []}
    assert "| bar |" not in card_text(replace(manifest, metrics={"Set": real})), "no table without a row"
    logits = page.partition("Logits of any")[2].partition("</table>")[0]
    assert " to -" in logits
    assert "--" not in logits, "an interval below 0 is not written with two hyphens"


def test_the_card_says_in_which_size_heads_are_shown():
    manifest = read_manifest()
    one_size, as_it_is = (replace(manifest.geometry, shown_area_cm2=area) for area in (180.0, None))
    assert "widest slices show 180 cm2" in " ".join(card_text(replace(manifest, geometry=one_size)).split())
    assert "widest slices" not in card_text(replace(manifest, geometry=as_it_is))
