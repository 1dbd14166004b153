"""Scaling and thresholds from generated studies that no fit has seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from triage_node.findings import LABELS, Label
from triage_node.models.calibration import Scaling, Thresholds
from triage_node.models.manifest import Manifest
from triage_node.train.scored import ScoredStudy

SMALLEST_TEMPERATURE = 0.2


@dataclass(frozen=True)
class OperatingPoints:
    """Specificities on generated studies at which thresholds are set.

    Attributes
    ----------
    flag_any, flag_type
        Of flagging a study as a whole, and of naming a type. Types are named more reluctantly.
    uncertain
        Below this nothing is said.
    slice
        Of calling a slice suspicious.
    """

    flag_any: float = 0.97
    flag_type: float = 0.99
    uncertain: float = 0.93
    slice: float = 0.90


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


def _thresholds(
    probabilities: np.ndarray, labels: np.ndarray, specificity_of: Callable[[Label], float]
) -> dict[Label, float]:
    return {
        label: specificity_threshold(probabilities[:, k], labels[:, k], specificity_of(label))
        for k, label in enumerate(LABELS)
    }


def _at_most(values: Mapping[Label, float], limits: Mapping[Label, float]) -> dict[Label, float]:
    return {label: min(values[label], limits[label]) for label in LABELS}


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
    flag = _thresholds(study, study_labels, lambda k: points.flag_any if k is Label.ANY else points.flag_type)
    uncertain = _thresholds(study, study_labels, lambda k: points.uncertain if k is Label.ANY else points.flag_any)
    return replace(
        manifest,
        study_scaling=study_scaling,
        slice_scaling=slice_scaling,
        thresholds=Thresholds(flag, _at_most(uncertain, flag)),
        slice_thresholds=_thresholds(slices, slice_labels, lambda _: points.slice),
    )
