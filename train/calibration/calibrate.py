"""Scaling and thresholds from generated studies that no fit has seen."""

from dataclasses import dataclass, field, replace

import numpy as np

from triage_node.findings import LABELS
from triage_node.models import DecisionRecord, Manifest
from triage_node.train.calibration.conformal import (
    METHOD,
    UNCOUNTED,
    ErrorLevels,
    conformal_thresholds,
    counts,
    shortage,
)
from triage_node.train.calibration.scaling import fit_scaling, scaling_warnings, specificity_thresholds
from triage_node.train.evaluation.by_volume import CLEAR_ML
from triage_node.train.evaluation.scored import ScoredStudy


@dataclass(frozen=True)
class OperatingPoints:
    """Where thresholds are set.

    Attributes
    ----------
    study
        Error levels of the three answers for a study.
    slice
        Specificity, on generated slices, of calling a slice suspicious.
    """

    study: ErrorLevels = field(default_factory=ErrorLevels)
    slice: float = 0.90


def calibrate(manifest: Manifest, studies: list[ScoredStudy], points: OperatingPoints) -> Manifest:
    """Return the manifest with scaling and thresholds from held-out generated studies.

    They bound errors on generated studies, not on patients: a site calibrates with its own. The thresholds of *any* are
    set by `CLEAR_ML` of blood or more: much of what is smaller cannot be seen in the noise, and a threshold that keeps
    it would doubt nearly every head.
    """
    study_logits = np.stack([study.study_logits for study in studies])
    study_labels = np.stack([study.study_labels for study in studies])
    slice_logits = np.concatenate([study.logits for study in studies])
    slice_labels = np.concatenate([study.labels for study in studies])
    study_scaling, slice_scaling = fit_scaling(study_logits, study_labels), fit_scaling(slice_logits, slice_labels)
    clear = np.stack([_clear_labels(study) for study in studies])
    negatives, positives = counts(clear)
    return replace(
        manifest,
        study_scaling=study_scaling,
        slice_scaling=slice_scaling,
        thresholds=conformal_thresholds(study_scaling.probabilities(study_logits), clear, points.study),
        slice_thresholds=specificity_thresholds(slice_scaling.probabilities(slice_logits), slice_labels, points.slice),
        decision=DecisionRecord(
            method=METHOD,
            alpha_negative=points.study.negative,
            alpha_positive=points.study.positive,
            negatives=negatives,
            positives=positives,
            source=f"{len(studies)} held-out generated studies; those with less than {CLEAR_ML:g} mL of blood set no "
            "threshold of any.",
        ),
    )


def _clear_labels(study: ScoredStudy) -> np.ndarray:
    """Return ``(6,)`` labels, *any* `UNCOUNTED` where there is blood, but little; types only refine what it decides."""
    labels = study.study_labels.astype(np.int8)
    if labels[-1] > 0 and study.volume_ml is not None and study.volume_ml[-1] < CLEAR_ML:
        labels[-1] = UNCOUNTED
    return labels


def warnings(manifest: Manifest, levels: ErrorLevels) -> list[str]:
    """Return what is to be said of a calibration: where studies are lacking, and where scores tell nothing."""
    if manifest.decision is None:
        return []
    least = (levels.least_negatives, levels.least_positives)
    found = [
        shortage(label, manifest.decision.negatives[label], manifest.decision.positives[label], least)
        for label in LABELS
    ]
    extreme = [f"Too few for the error level, so that its threshold is the extreme: {lack}." for lack in found if lack]
    held = [*scaling_warnings(manifest.study_scaling, "studies"), *scaling_warnings(manifest.slice_scaling, "slices")]
    return [*_never_flags(manifest.decision, levels), *extreme, *held]


def _never_flags(decision: DecisionRecord, levels: ErrorLevels) -> list[str]:
    have, need = decision.negatives[LABELS[-1]], levels.least_negatives
    if have >= need:
        return []
    return [
        f"This model flags no study: that takes {need} studies without hemorrhage at an error level of "
        f"{levels.negative:g}, and there are {have}. Give more, or a higher --alpha-negative."
    ]
