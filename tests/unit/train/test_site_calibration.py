import json
from dataclasses import replace

import numpy as np
import pytest

from triage_node.errors import ModelError, TriageError
from triage_node.findings import LABELS, Label
from triage_node.models import load_model, read_manifest
from triage_node.train.calibration.conformal import UNCOUNTED, ErrorLevels
from triage_node.train.calibration.site import SiteScores, calibrate_site, expected_coverage, lacking
from triage_node.train.site.folds import patient_folds
from triage_node.train.site.model_folder import finish_site_model, site_name, start_site_model

pytestmark = pytest.mark.slow

LEVELS = ErrorLevels(0.05, 0.10)


def site_scores(seed, studies=200, types=(0, 4)):
    """Studies of a site whose model scores two logits too high."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((studies, 6), np.uint8)
    for number in range(0, studies, 2):
        labels[number, types[number // 2 % len(types)]] = labels[number, -1] = 1
    logits = (5.0 * labels - 1 + rng.normal(0, 1, labels.shape)).astype(np.float32)
    return SiteScores(np.array([f"p{n}" for n in range(studies)]), logits, labels, logits, labels)


def test_a_site_gets_thresholds_of_its_own_and_keeps_the_others(seed):
    scores, manifest = site_scores(seed), read_manifest()
    assert set(lacking(scores.study_labels, LEVELS)) == {
        Label.INTRAPARENCHYMAL, Label.INTRAVENTRICULAR, Label.SUBARACHNOID
    }  # fmt: skip
    found = calibrate_site(manifest, scores, LEVELS, "Made studies")
    k = LABELS.index(Label.SUBARACHNOID)
    assert found.thresholds.flag[Label.SUBARACHNOID] == manifest.thresholds.flag[Label.SUBARACHNOID]
    assert found.study_scaling.bias[k] == manifest.study_scaling.bias[k]
    assert found.thresholds.flag[Label.ANY] != manifest.thresholds.flag[Label.ANY]
    assert found.decision.negatives[Label.ANY] == 100
    assert found.decision.negatives[Label.SUBARACHNOID] == 0
    assert "kept for" in found.decision.source


def test_patients_left_out_are_answered_about_as_promised(seed):
    found = expected_coverage(read_manifest(), site_scores(seed), LEVELS)
    assert (found.negatives, found.positives) == (100, 100)
    assert found.negatives_flagged <= 0.05 + 0.06
    assert found.positives_not_flagged <= 0.10 + 0.08
    assert "without hemorrhage flagged" in str(found)


def test_types_that_nobody_told_count_neither_way(seed):
    scores, manifest = site_scores(seed), read_manifest()
    untold = scores.study_labels.astype(np.int8)
    hidden = np.flatnonzero(untold[:, 0] > 0)[:10]
    untold[hidden, :-1] = UNCOUNTED
    rest = np.setdiff1d(np.arange(len(untold)), hidden)
    found = calibrate_site(manifest, replace(scores, study_labels=untold), LEVELS, "Made studies")
    without = replace(scores, study_logits=scores.study_logits[rest], study_labels=scores.study_labels[rest])
    expected = calibrate_site(manifest, without, LEVELS, "Made studies")
    assert found.decision.positives[Label.EPIDURAL] == expected.decision.positives[Label.EPIDURAL] == 40
    assert found.decision.positives[Label.ANY] == 100
    assert found.study_scaling.bias[0] == expected.study_scaling.bias[0]
    assert found.thresholds.flag[Label.EPIDURAL] == expected.thresholds.flag[Label.EPIDURAL]


def test_slice_thresholds_stay_at_their_logit(seed):
    scores, manifest = site_scores(seed), read_manifest()
    found = calibrate_site(manifest, scores, LEVELS, "Made studies")
    assert found.slice_scaling != manifest.slice_scaling
    logits = np.zeros((401, 6)) - 30
    logits[:, 0] = np.linspace(-10, 10, 401)

    def above(one):
        return one.slice_scaling.probabilities(logits)[:, 0] >= one.slice_thresholds[Label.EPIDURAL]

    assert np.abs(above(found).sum() - above(manifest).sum()) <= 1


def test_a_small_site_changes_nothing(seed):
    manifest = read_manifest()
    found = calibrate_site(manifest, site_scores(seed, studies=20), LEVELS, "Few studies")
    assert replace(found, decision=manifest.decision) == manifest
    assert not any(found.decision.negatives.values())
    assert "kept for epidural" in found.decision.source


def test_a_site_model_says_where_it_comes_from_and_loads(tmp_path, seed):
    base = read_manifest()
    started = start_site_model(base, tmp_path / "site", "St. Mary's")
    written = finish_site_model(calibrate_site(started, site_scores(seed), LEVELS, "Made studies"), {"figure": "one"})
    assert written.name == f"{base.name}-st-mary-s"
    assert (written.base.version, written.base.sha256) == (base.version, base.sha256)
    assert written.sha256 != base.sha256
    assert load_model(tmp_path / "site").identity == written.identity
    card = (tmp_path / "site" / "CARD.md").read_text(encoding="utf-8")
    assert "set on generated studies" not in card
    assert "too few studies for intraparenchymal, intraventricular, subarachnoid:" in card
    content = json.loads((tmp_path / "site" / "manifest.json").read_text(encoding="utf-8"))
    assert content["decision"]["alpha_negative"] == 0.05


def test_the_card_of_a_site_with_few_studies_keeps_the_limits_of_its_base(tmp_path, seed):
    started = start_site_model(read_manifest(), tmp_path / "site", "here")
    finish_site_model(calibrate_site(started, site_scores(seed, studies=20), LEVELS, "Few studies"), {})
    card = (tmp_path / "site" / "CARD.md").read_text(encoding="utf-8")
    assert "Probabilities and thresholds were set on generated studies" in card


def test_a_site_model_needs_a_folder_and_a_name_of_its_own():
    base = read_manifest()
    with pytest.raises(ModelError, match="folder of its own"):
        start_site_model(base, base.folder, "here")
    with pytest.raises(ModelError, match="no letter"):
        site_name("--")


def test_a_manifest_without_a_decision_still_loads():
    manifest = replace(read_manifest(), decision=None, base=None)
    assert manifest.decision is None


def test_no_patient_is_in_two_folds_and_each_has_its_share(seed):
    patients = [f"p{n // 2}" for n in range(48)]
    positive = np.arange(48) % 6 == 0
    folds = patient_folds(patients, positive, 4, seed)
    assert all(folds[n] == folds[n + 1] for n in range(0, 48, 2))
    assert [int(positive[folds == fold].sum()) for fold in range(4)] == [2, 2, 2, 2]
    with pytest.raises(TriageError, match="5 folds need"):
        patient_folds(["a", "b", "c"], np.array([1, 0, 0]) > 0, 5, seed)
