from dataclasses import replace

import numpy as np
import pytest

from triage_node.findings import LABELS, Label
from triage_node.models import read_manifest
from triage_node.train.calibration.calibrate import OperatingPoints, calibrate, warnings
from triage_node.train.calibration.conformal import ErrorLevels
from triage_node.train.calibration.scaling import (
    LARGEST_TEMPERATURE,
    SMALLEST_TEMPERATURE,
    fit_scaling,
    scaling_warnings,
    specificity_threshold,
)
from triage_node.train.evaluation.evaluate import evaluate, study_flags, suspicious_slices
from triage_node.train.evaluation.figures import figures
from triage_node.train.evaluation.scored import ScoredStudy


def made_studies(seed, count=120):
    """Studies whose logits are three times as far from the truth's as they should be."""
    rng = np.random.default_rng(seed)
    studies = []
    for number in range(count):
        labels = np.zeros((12, 6), np.uint8)
        if number % 2:
            labels[4:8, number % 5] = 1
            labels[4:8, 5] = 1
        logits = 3 * (4.0 * labels - 4 + rng.normal(0, 1.5, labels.shape))
        area = np.full(12, 120, np.float32)
        studies.append(ScoredStudy(str(number), logits.astype(np.float32), labels, area, 5.0))
    return studies


def test_scaling_undoes_overconfidence(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (8000, 6))
    labels = (rng.random((8000, 6)) < 1 / (1 + np.exp(-logits))).astype(int)
    scaling = fit_scaling(3 * logits + 1, labels)
    assert scaling.temperature == pytest.approx((3,) * 6, rel=0.15)
    assert scaling.bias == pytest.approx((-1 / 3,) * 6, abs=0.15)


def test_a_threshold_leaves_the_negatives_below_it():
    probabilities = np.linspace(0, 0.99, 100)
    threshold = specificity_threshold(probabilities, np.zeros(100), 0.9)
    assert (probabilities < threshold).mean() >= 0.9
    assert specificity_threshold(probabilities, np.ones(100), 0.9) == 1.0


def test_a_calibrated_model_flags_few_negatives(seed):
    studies = made_studies(seed)
    manifest = calibrate(read_manifest(), studies, OperatingPoints())
    flags = study_flags(manifest, studies)
    truth = np.array([study.study_labels[-1] for study in studies]) > 0
    assert flags[~truth].mean() <= 0.02
    assert flags[truth].mean() > 0.5
    for label in LABELS:
        assert manifest.thresholds.uncertain[label] <= manifest.thresholds.flag[label]
    assert manifest.decision.positives[Label.ANY] == 60
    assert warnings(manifest, ErrorLevels()) == []
    flags_none, *extreme = warnings(manifest, ErrorLevels(0.001, 0.10))
    assert flags_none.startswith("This model flags no study")
    assert len(extreme) == len(LABELS)


def test_small_bleeds_do_not_lower_the_threshold_of_doubt(seed):
    clear = [replace(study, volume_ml=np.full(6, 5.0)) for study in made_studies(seed)]
    unseen = [
        replace(study, patient=f"{study.patient}-small", logits=np.full_like(study.logits, -9), volume_ml=np.ones(6))
        for study in clear[1::2]
    ]
    alone, together = (calibrate(read_manifest(), found, OperatingPoints()) for found in (clear, clear + unseen))
    assert together.decision.positives[Label.ANY] == alone.decision.positives[Label.ANY] == 60
    assert together.decision.negatives[Label.ANY] == alone.decision.negatives[Label.ANY]
    small, large = (
        np.array([together.study_scaling.probabilities(study.study_logits)[-1] for study in found])
        for found in (unseen, clear[1::2])
    )
    doubted = together.thresholds.uncertain[Label.ANY]
    assert (small < doubted).all()
    assert (large < doubted).mean() <= 0.10


@pytest.mark.slow
def test_an_evaluation_is_complete_and_plain_json(seed):
    studies = made_studies(seed)
    manifest = calibrate(read_manifest(), studies, OperatingPoints())
    found = figures(evaluate(manifest, studies))
    assert set(found["auc"]) == {"all slices", "slices with 100 cm2 of brain or more", "patients"}
    value, low, high = found["auc"]["all slices"][Label.ANY]
    assert 0.9 < low <= value <= high
    assert found["auc_of_brain_area_alone"]["patients"][0] == 0.5
    assert suspicious_slices(manifest, studies[0]) <= 1


@pytest.mark.parametrize("kind", ["no positives", "few positives", "no negatives", "the wrong way round", "noise"])
def test_no_scaling_makes_a_constant_of_a_label(kind, seed):
    """Temperatures of 3e7 to 7e14 were fitted, and every image got the same probability."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-2, 2, (400, 6))
    truth = {
        "no positives": np.zeros(400),
        "few positives": np.arange(400) < 3,
        "no negatives": np.ones(400),
        "the wrong way round": logits[:, 0] < -2,
        "noise": rng.random(400) < 0.3,
    }[kind]
    labels = np.tile(truth.astype(int)[:, None], (1, 6))
    scaling = fit_scaling(logits, labels)
    assert all(SMALLEST_TEMPERATURE <= one <= LARGEST_TEMPERATURE for one in scaling.temperature)
    found = scaling.probabilities(logits)[:, 0]
    assert len(np.unique(found)) > 350
    assert np.all(np.diff(found[np.argsort(logits[:, 0])]) >= 0)
    held = scaling_warnings(scaling, "studies")
    if kind == "the wrong way round":  # of the first label; the others' scores are noise to it
        assert held[0].startswith("epidural: its scores hardly tell studies with it")
    elif kind != "noise":
        assert held == []
    assert found.mean() == pytest.approx(truth.mean(), abs=0.02)


def test_a_model_that_can_flag_nothing_says_so(seed):
    studies = made_studies(seed, count=60)
    manifest = calibrate(read_manifest(), studies, OperatingPoints())
    assert manifest.thresholds.flag[Label.ANY] == 1
    first, *_ = warnings(manifest, ErrorLevels())
    assert first.startswith("This model flags no study: that takes 49 studies without hemorrhage")
    assert "there are 30" in first
