"""Temperature and bias per label from scored studies."""

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit

from triage_node.findings import LABELS, Label
from triage_node.models import Scaling
from triage_node.train.calibration.conformal import UNCOUNTED

SMALLEST_TEMPERATURE, LARGEST_TEMPERATURE = 0.2, 10.0
"""Beyond, a label would become a step or a constant: what fits so says little, or the opposite of the truth."""
LEAST_ROWS = 5
"""With fewer rows of a class the temperature is left at 1: a slope would follow single rows."""


def fit_scaling(logits: np.ndarray, labels: np.ndarray) -> Scaling:
    """Return temperature and bias per label that minimize the log loss; 1 and 0 where a label is not told of any row.

    The temperature is held between its bounds, and at 1 where a class has fewer than `LEAST_ROWS` rows; the bias is
    then the best beside it. So the order of the scores stays what it was, always.

    Parameters
    ----------
    logits, labels
        ``(rows, 6)``; a row counts for the labels that are not `UNCOUNTED` in it.
    """
    told = [labels[:, k] != UNCOUNTED for k in range(len(LABELS))]
    fitted = [
        _fit_one(logits[rows, k].astype(np.float64), labels[rows, k].astype(np.float64)) if rows.any() else (1.0, 0.0)
        for k, rows in enumerate(told)
    ]
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

    if min(positive, len(labels) - positive) < LEAST_ROWS:
        return 1.0, _fit_bias(logits, targets)
    slope, bias = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    fitted = float(np.exp(-np.clip(slope, -50, 50)))
    temperature = min(max(fitted, SMALLEST_TEMPERATURE), LARGEST_TEMPERATURE)
    return temperature, float(bias) if temperature == fitted else _fit_bias(logits / temperature, targets)


def _fit_bias(scaled: np.ndarray, targets: np.ndarray) -> float:
    """Return the bias with the least log loss: there the mean probability is that of the targets."""
    if not len(scaled):
        return 0.0
    widest = float(np.abs(scaled).max()) + 50
    return float(brentq(lambda bias: expit(scaled + bias).mean() - targets.mean(), -widest, widest))


def scaling_warnings(scaling: Scaling, of: str) -> list[str]:
    """Return a sentence for each label whose temperature is held at its upper bound.

    Parameters
    ----------
    of
        Whose scores are scaled, as in "studies".
    """
    return [
        f"{label}: its scores hardly tell {of} with it from {of} without; the temperature is held at "
        f"{LARGEST_TEMPERATURE:g}."
        for label, temperature in zip(LABELS, scaling.temperature, strict=True)
        if temperature >= LARGEST_TEMPERATURE
    ]


def specificity_threshold(probabilities: np.ndarray, labels: np.ndarray, specificity: float) -> float:
    """Return the smallest probability that leaves this share of the negatives below it."""
    negatives = np.sort(probabilities[labels == 0])
    if len(negatives) == 0:
        return 1.0
    index = min(int(np.ceil(specificity * len(negatives))), len(negatives) - 1)
    return float(np.clip(np.nextafter(negatives[index], np.float32(1)), 1e-4, 0.9999))


def specificity_thresholds(probabilities: np.ndarray, labels: np.ndarray, specificity: float) -> dict[Label, float]:
    """Return the threshold of each label from ``(rows, 6)`` probabilities and labels."""
    return {
        label: specificity_threshold(probabilities[:, k], labels[:, k], specificity) for k, label in enumerate(LABELS)
    }
