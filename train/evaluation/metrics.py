"""Figures of merit with intervals that know that slices of one patient are not independent."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from triage_node.wilson import wilson_interval

RESAMPLES = 500


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; nan where it is not defined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the area under the ROC curve, nan when only one class is there.

    Source: the Mann-Whitney statistic over mean ranks, so that ties count one half.
    """
    positive = np.asarray(truth, bool)
    count = int(positive.sum())
    if count in (0, len(positive)):
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(positive) - count)))


def specificity_cut(scores: np.ndarray, truth: np.ndarray, specificity: float) -> float:
    """Return the lowest score of a negative that at least this share of the negatives does not exceed."""
    return float(np.quantile(scores[np.asarray(truth) == 0], specificity, method="inverted_cdf"))


def sensitivity_at(scores: np.ndarray, truth: np.ndarray, specificity: float) -> float:
    """Return the share of positives above the score that gives this specificity, nan when only one class is there."""
    positive = np.asarray(truth, bool)
    if positive.all() or not positive.any():
        return float("nan")
    return float(np.mean(scores[positive] > specificity_cut(scores, truth, specificity)))


def share(hits: np.ndarray) -> Interval:
    """Return the share of true values with its 95 % interval; the values must be independent."""
    if len(hits) == 0:
        return Interval(np.nan, np.nan, np.nan)
    return Interval(float(np.mean(hits)), *wilson_interval(int(np.sum(hits)), len(hits)))


def label_losses(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return ``(6,)`` the mean log loss of each label; there must be rows."""
    clipped = np.clip(probabilities, 1e-6, 1 - 1e-6)
    found: np.ndarray = -np.where(np.asarray(truth, bool), np.log(clipped), np.log(1 - clipped)).mean(axis=0)
    return found


def log_loss(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return the metric of the RSNA-2019 challenge: mean log loss of six labels, ``any`` (the last) counted twice.

    It is nan without rows.
    """
    if not len(probabilities):
        return float("nan")
    losses = label_losses(probabilities, truth)
    weights = np.append(np.ones(losses.size - 1), 2.0)
    return float((losses * weights).sum() / weights.sum())


def _rows_of_patients(patients: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each patient, in one pass: the competition has 17,000 patients."""
    _, patient, counts = np.unique(patients, return_inverse=True, return_counts=True)
    return np.split(np.argsort(patient, kind="stable"), np.cumsum(counts)[:-1])


def bootstrap(
    patients: np.ndarray, figure: Callable[[np.ndarray], float], seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Return a figure and its interval over resampled patients, nan without rows.

    Parameters
    ----------
    patients
        ``(rows,)``, the patient of each row.
    figure
        Takes indices of rows, possibly repeated, and returns the figure.
    """
    if not len(patients):
        return Interval(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    groups = _rows_of_patients(patients)
    drawn = []
    for _ in range(resamples):
        chosen = rng.integers(len(groups), size=len(groups))
        drawn.append(figure(np.concatenate([groups[index] for index in chosen])))
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Interval(figure(np.arange(len(patients))), float(low), float(high))


def auc_interval(scores: np.ndarray, truth: np.ndarray, patients: np.ndarray) -> Interval:
    """Return the AUC with its interval over resampled patients."""
    return bootstrap(patients, lambda rows: auc(scores[rows], truth[rows]))


def sensitivity_interval(scores: np.ndarray, truth: np.ndarray, patients: np.ndarray, specificity: float) -> Interval:
    """Return the sensitivity at a specificity with its interval over resampled patients."""
    return bootstrap(patients, lambda rows: sensitivity_at(scores[rows], truth[rows], specificity))
