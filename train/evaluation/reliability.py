"""Whether probabilities mean what they say."""

from dataclasses import dataclass

import numpy as np

from triage_node.train.evaluation.metrics import Interval, bootstrap, share

BINS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """One bin of the reliability curve: how many, what was said on average, how often it was true."""

    count: int
    predicted: float
    observed: Interval


@dataclass(frozen=True)
class Reliability:
    """How well the probabilities of one label fit.

    Attributes
    ----------
    name
        Studies or slices.
    bins
        Equally many rows each, from the lowest probability to the highest.
    calibration_error
        Mean distance of predicted and observed over the bins.
    brier
        Mean squared error of the probabilities.
    skill
        Share of the Brier score of a constant, the prevalence, that the probabilities save.
    """

    name: str
    bins: tuple[ReliabilityBin, ...]
    calibration_error: float
    brier: float
    skill: Interval


def _observed(truth: np.ndarray, patients: np.ndarray) -> Interval:
    """Return the share that is true; its interval resamples patients where a patient has several rows."""
    if len(np.unique(patients)) == len(patients):
        return share(truth > 0)
    return bootstrap(patients, lambda rows: float(truth[rows].mean()))


def equal_mass_bins(
    probabilities: np.ndarray, truth: np.ndarray, patients: np.ndarray, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Return bins of equally many rows, so that none is decided by a handful of them."""
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return tuple(
        ReliabilityBin(len(part), float(probabilities[part].mean()), _observed(truth[part], patients[part]))
        for part in parts
    )


def calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Return the expected calibration error, nan without rows.

    Source: Naeini, Cooper and Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning (2015); with
    bins of equal mass as in Nguyen and O'Connor, Posterior calibration and exploratory analysis (2015).
    """
    total = sum(found.count for found in bins)
    gap = sum(found.count * abs(found.predicted - found.observed.value) for found in bins)
    return gap / total if total else float("nan")


def brier_skill(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return 1 - Brier score / that of the prevalence as a constant; nan when only one class is there."""
    prevalence = float(np.mean(truth))
    constant = prevalence * (1 - prevalence)
    return 1 - float(np.mean((probabilities - truth) ** 2)) / constant if constant > 0 else float("nan")


def reliability(name: str, probabilities: np.ndarray, truth: np.ndarray, patients: np.ndarray) -> Reliability:
    """Return how well probabilities ``(rows,)`` fit the truth ``(rows,)``."""
    predicted, true = probabilities.astype(np.float64), np.asarray(truth, np.float64)
    bins = equal_mass_bins(predicted, true, patients)
    return Reliability(
        name=name,
        bins=bins,
        calibration_error=calibration_error(bins),
        brier=float(np.mean((predicted - true) ** 2)) if len(true) else float("nan"),
        skill=bootstrap(patients, lambda rows: brier_skill(predicted[rows], true[rows])),
    )
