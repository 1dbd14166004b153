"""Scaling and thresholds from generated studies that no fit has seen."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from triage_node.findings import LABELS, Label
from triage_node.models.calibration import Scaling, Thresholds
from triage_node.models.manifest import Manifest
from triage_node.train.evaluation.scored import ScoredStudy

SMALLEST_TEMPERATURE = 0.2


@dataclass(frozen=True)
class OperatingPoints:
    """Where thresholds are set, as specificities on generated studies.

    Attributes
    ----------
    study
        Of saying *uncertain* of a study or of a type.
    slice
        Of calling a slice suspicious.
    margin
        Logits above the first that it takes to flag: heads of patients score about this much higher than generated
        ones without hemorrhage, and a plain head must not be flagged.
    """

    study: float = 0.98
    slice: float = 0.90
    margin: float = 1.5


def fit_scaling(logits: np.ndarray, labels: np.ndarray) -> Scaling:
    """Return temperature and bias per label that minimize the log loss.

    Parameters
    ----------
    logits, labels
        ``(rows, 6)``.
    """
    fitted = [_fit_one(logits[:, k].astype(np.float64), labels[:, k].astype(np.float64)) for k in range(len(LABELS))]
    temperatures, biases = zip(*fitted, strict=True)
    return Scaling(temperatures, biases)


def _fit_one(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Fit one slope and bias; targets are moved off 0 and 1 as Platt does, so that few rows cannot be overconfident."""
    positive = labels.sum()
    high, low = (positive + 1) / (positive + 2), 1 / (len(labels) - positive + 2)
    targets = np.where(labels > 0, high, low)

    def loss(parameters: np.ndarray) -> float:
        scaled = logits * np.exp(parameters[0]) + parameters[1]
        return float(np.mean(np.logaddexp(0, scaled) - targets * scaled))

    slope, bias = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(max(np.exp(-slope), SMALLEST_TEMPERATURE)), float(bias)


def specificity_threshold(probabilities: np.ndarray, labels: np.ndarray, specificity: float) -> float:
    """Return the smallest probability that leaves this share of the negatives below it."""
    negatives = np.sort(probabilities[labels == 0])
    if len(negatives) == 0:
        return 1.0
    index = min(int(np.ceil(specificity * len(negatives))), len(negatives) - 1)
    return float(np.clip(np.nextafter(negatives[index], np.float32(1)), 1e-4, 0.9999))


def _thresholds(probabilities: np.ndarray, labels: np.ndarray, specificity: float) -> dict[Label, float]:
    return {
        label: specificity_threshold(probabilities[:, k], labels[:, k], specificity) for k, label in enumerate(LABELS)
    }


def _raised(thresholds: dict[Label, float], scaling: Scaling, margin: float) -> dict[Label, float]:
    """Return thresholds moved up by a margin in logits."""
    steps = {label: margin / scaling.temperature[k] for k, label in enumerate(LABELS)}
    return {label: float(expit(logit(value) + steps[label])) for label, value in thresholds.items()}


def calibrate(manifest: Manifest, studies: list[ScoredStudy], points: OperatingPoints) -> Manifest:
    """Return the manifest with scaling and thresholds from held-out generated studies.

    They put a number on generated studies, not on patients: a site calibrates with its own.
    """
    study_logits = np.stack([study.study_logits for study in studies])
    study_labels = np.stack([study.study_labels for study in studies])
    slice_logits = np.concatenate([study.logits for study in studies])
    slice_labels = np.concatenate([study.labels for study in studies])
    study_scaling, slice_scaling = fit_scaling(study_logits, study_labels), fit_scaling(slice_logits, slice_labels)
    study, slices = study_scaling.probabilities(study_logits), slice_scaling.probabilities(slice_logits)
    uncertain = _thresholds(study, study_labels, points.study)
    return replace(
        manifest,
        study_scaling=study_scaling,
        slice_scaling=slice_scaling,
        thresholds=Thresholds(_raised(uncertain, study_scaling, points.margin), uncertain),
        slice_thresholds=_thresholds(slices, slice_labels, points.slice),
    )
