"""AUC over resampled patients: pairs are counted once, by the patients they belong to, and then only weighed.

An AUC is a share of pairs, so a resample needs no new ranks: its pairs are those of its patients, each as often as both
were drawn. The figures are those of `metrics.bootstrap` with `metrics.auc`, a hundred times as fast.
"""

import numpy as np

from triage_node.train.evaluation.metrics import RESAMPLES, Interval


class PatientAuc:
    """AUC of one truth on all patients and on resampled ones, the same for all scores that are compared.

    Parameters
    ----------
    patients, truth
        ``(rows,)``, whose each row is and whether it is positive.
    seed, resamples
        As `metrics.bootstrap` takes them.
    """

    def __init__(self, patients: np.ndarray, truth: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> None:
        names, self._patient = np.unique(patients, return_inverse=True)
        self._truth, self._count = np.asarray(truth) > 0, len(names)
        rng = np.random.default_rng(seed)
        drawn = [rng.integers(self._count, size=self._count) for _ in range(resamples)]
        # How often each patient was drawn; row 0 takes every patient once.
        times = [np.bincount(row, minlength=self._count) for row in (np.arange(self._count), *drawn)]
        self._times = np.array(times, np.float64)
        positive = np.bincount(self._patient[self._truth], minlength=self._count)
        negative = np.bincount(self._patient[~self._truth], minlength=self._count)
        self._pairs = (self._times @ positive) * (self._times @ negative)

    def of(self, scores: np.ndarray) -> np.ndarray:
        """Return ``(1 + resamples,)`` AUCs of ``(rows,)`` scores, that of all patients first; nan without a pair."""
        won = ((self._times @ self._won(scores)) * self._times).sum(axis=1)
        return np.divide(won, self._pairs, out=np.full(len(won), np.nan), where=self._pairs > 0)

    def _won(self, scores: np.ndarray) -> np.ndarray:
        """Return ``(patients, patients)``: pairs a positive of the first wins over a negative of the second."""
        positive, owner = scores[self._truth], self._patient[self._truth]
        negative, other = scores[~self._truth], self._patient[~self._truth]
        won = np.zeros((self._count, self._count))
        for patient in range(self._count):
            lower = np.sort(negative[other == patient])
            # Ties count one half.
            pairs = np.searchsorted(lower, positive, "left") + np.searchsorted(lower, positive, "right")
            won[:, patient] = np.bincount(owner, pairs / 2, minlength=self._count)
        return won


def interval(figures: np.ndarray) -> Interval:
    """Return the interval of ``(1 + resamples,)`` figures, that of all patients first."""
    drawn = figures[1:]
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Interval(float(figures[0]), float(low), float(high))
