"""Scaling and thresholds from a site's own studies, label by label where there are enough of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from triage_node.findings import LABELS, Label
from triage_node.models import DecisionRecord, Manifest, Scaling, Thresholds
from triage_node.train.calibration.conformal import METHOD, ErrorLevels, conformal_thresholds, counts, shortage
from triage_node.train.calibration.scaling import fit_scaling
from triage_node.train.site.cases import CaseScores

# A slope and a bias from fewer studies of a class would follow single studies.
LEAST_STUDIES = 15
# Every patient is left out once, up to so many groups of patients.
MOST_GROUPS = 100


@dataclass(frozen=True)
class SiteScores:
    """Scores and labels of a site's studies.

    Attributes
    ----------
    patients
        ``(studies,)`` names.
    study_logits, study_labels
        ``(studies, 6)``.
    slice_logits, slice_labels
        ``(slices, 6)`` of the slices that the site labeled.
    """

    patients: np.ndarray
    study_logits: np.ndarray
    study_labels: np.ndarray
    slice_logits: np.ndarray
    slice_labels: np.ndarray

    @classmethod
    def of(cls, scores: Sequence[CaseScores]) -> "SiteScores":
        """Return the scores of some cases."""
        return cls(
            patients=np.array([one.case.patient for one in scores]),
            study_logits=np.stack([one.study_logits for one in scores]),
            study_labels=np.stack([one.case.study_labels for one in scores]),
            slice_logits=np.concatenate([one.logits[one.case.known] for one in scores]),
            slice_labels=np.concatenate([one.case.labels[one.case.known] for one in scores]),
        )


@dataclass(frozen=True)
class Coverage:
    """How often a patient left out of the calibration was answered wrongly, or not at all.

    Attributes
    ----------
    negatives, positives
        Studies without and with hemorrhage.
    negatives_flagged, positives_not_flagged
        Shares of them, which the error levels bound.
    uncertain
        Share of all studies.
    """

    negatives: int
    positives: int
    negatives_flagged: float
    positives_not_flagged: float
    uncertain: float

    def __str__(self) -> str:
        return (
            f"{self.negatives_flagged:.1%} of {self.negatives} studies without hemorrhage flagged, "
            f"{self.positives_not_flagged:.1%} of {self.positives} with hemorrhage not flagged, "
            f"{self.uncertain:.1%} of all uncertain"
        )


def lacking(labels: np.ndarray, levels: ErrorLevels) -> dict[Label, str]:
    """Return what the labels lack for a calibration, by label; those that lack nothing are left out."""
    negatives, positives = counts(labels)
    least = max(LEAST_STUDIES, levels.least_negatives), max(LEAST_STUDIES, levels.least_positives)
    found = {label: shortage(label, negatives[label], positives[label], least) for label in LABELS}
    return {label: sentence for label, sentence in found.items() if sentence is not None}


def _mixed(base: Scaling, fitted: Scaling, redone: set[Label]) -> Scaling:
    chosen = [fitted if label in redone else base for label in LABELS]
    return Scaling(
        tuple(scaling.temperature[k] for k, scaling in enumerate(chosen)),
        tuple(scaling.bias[k] for k, scaling in enumerate(chosen)),
    )


def _study_part(
    manifest: Manifest, logits: np.ndarray, labels: np.ndarray, redone: set[Label], levels: ErrorLevels
) -> tuple[Scaling, Thresholds]:
    """Fit scaling and thresholds of some labels, and keep the others."""
    scaling = _mixed(manifest.study_scaling, fit_scaling(logits, labels), redone)
    found, shipped = conformal_thresholds(scaling.probabilities(logits), labels, levels), manifest.thresholds
    return scaling, Thresholds(
        {label: (found if label in redone else shipped).flag[label] for label in LABELS},
        {label: (found if label in redone else shipped).uncertain[label] for label in LABELS},
    )


def _slice_part(manifest: Manifest, scores: SiteScores, redone: set[Label]) -> tuple[Scaling, dict[Label, float]]:
    """Fit the scaling of slices, and move their thresholds so that they stay at the same logit."""
    shown = (scores.slice_labels > 0).sum(axis=0)
    redone = {label for k, label in enumerate(LABELS) if label in redone and shown[k] >= LEAST_STUDIES}
    old, thresholds = manifest.slice_scaling, dict(manifest.slice_thresholds)
    if not redone:
        return old, thresholds
    new = _mixed(old, fit_scaling(scores.slice_logits, scores.slice_labels), redone)
    for k, label in enumerate(LABELS):
        raw = (logit(np.clip(thresholds[label], 1e-6, 1 - 1e-6)) - old.bias[k]) * old.temperature[k]
        thresholds[label] = float(np.clip(expit(raw / new.temperature[k] + new.bias[k]), 1e-6, 1 - 1e-6))
    return new, thresholds


def calibrate_site(manifest: Manifest, scores: SiteScores, levels: ErrorLevels, source: str) -> Manifest:
    """Return a manifest calibrated on a site's studies; labels with too few of them keep their values.

    Parameters
    ----------
    source
        What the manifest says of the studies, without a full stop.
    """
    short = lacking(scores.study_labels, levels)
    redone = set(LABELS) - set(short)
    study_scaling, thresholds = _study_part(manifest, scores.study_logits, scores.study_labels, redone, levels)
    slice_scaling, slice_thresholds = _slice_part(manifest, scores, redone)
    negatives, positives = counts(scores.study_labels)
    remark = f"; kept for {', '.join(short)}" if short else ""
    return replace(
        manifest,
        study_scaling=study_scaling,
        thresholds=thresholds,
        slice_scaling=slice_scaling,
        slice_thresholds=slice_thresholds,
        decision=DecisionRecord(
            method=METHOD,
            alpha_negative=levels.negative,
            alpha_positive=levels.positive,
            negatives={label: negatives[label] if label in redone else 0 for label in LABELS},
            positives={label: positives[label] if label in redone else 0 for label in LABELS},
            source=f"{source}{remark}.",
        ),
    )


def expected_coverage(manifest: Manifest, scores: SiteScores, levels: ErrorLevels) -> Coverage:
    """Return the errors on patients left out of the calibration, each once."""
    redone = set(LABELS) - set(lacking(scores.study_labels, levels))
    names, index = np.unique(scores.patients, return_inverse=True)
    group = (np.arange(len(names)) % MOST_GROUPS)[index]
    answers = np.empty(len(index), object)
    for left_out in np.unique(group):
        rest, own = np.flatnonzero(group != left_out), np.flatnonzero(group == left_out)
        scaling, thresholds = manifest.study_scaling, manifest.thresholds
        if redone:
            scaling, thresholds = _study_part(
                manifest, scores.study_logits[rest], scores.study_labels[rest], redone, levels
            )
        for row, found in zip(own, scaling.probabilities(scores.study_logits[own]), strict=True):
            flagged, uncertain = thresholds.decide(dict(zip(LABELS, map(float, found), strict=True)))
            answers[row] = "flagged" if flagged else "uncertain" if uncertain else "not flagged"
    positive = scores.study_labels[:, -1] > 0
    return Coverage(
        negatives=int((~positive).sum()),
        positives=int(positive.sum()),
        negatives_flagged=_share(answers[~positive] == "flagged"),
        positives_not_flagged=_share(answers[positive] == "not flagged"),
        uncertain=_share(answers == "uncertain"),
    )


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
