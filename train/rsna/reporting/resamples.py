"""Resampled patients, the same for all predictors, so that their differences are paired."""

from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS
from triage_node.train.evaluation.metrics import RESAMPLES, Interval
from triage_node.train.rsna.evaluation.scoring import ImageScores
from triage_node.train.site.patient_auc import PatientAuc, interval

FEWEST_PATIENTS = 5
"""With fewer patients who have a label resamples of them say little, however narrow their interval."""
# `any` counts twice in the competition's metric.
WEIGHTS = np.append(np.ones(len(LABELS) - 1), 2.0) / (len(LABELS) + 1)
SMALLEST = 1e-6


def label_losses(scores: ImageScores) -> np.ndarray:
    """Return ``(images, 6)`` log losses, clipped as `metrics.log_loss` clips."""
    clipped = np.clip(scores.probabilities, SMALLEST, 1 - SMALLEST)
    found: np.ndarray = -np.log(np.where(scores.truth > 0, clipped, 1 - clipped))
    return found


@dataclass(frozen=True)
class LabelFigures:
    """Figures of one predictor on all patients (row 0) and on each resample; nan where a figure is not defined.

    Attributes
    ----------
    losses
        ``(1 + resamples, 6)``, log loss of each label.
    aucs
        ``(1 + resamples, 6)``.
    """

    losses: np.ndarray
    aucs: np.ndarray

    @property
    def weighted(self) -> np.ndarray:
        """Return ``(1 + resamples,)``, the competition's weighted log loss."""
        found: np.ndarray = self.losses @ WEIGHTS
        return found


class Resamples:
    """All patients, and patients drawn with replacement, as `metrics.bootstrap` draws them.

    Parameters
    ----------
    patients, truth
        ``(images,)``, whose each image is, and ``(images, 6)``, what is true of it.
    """

    def __init__(self, patients: np.ndarray, truth: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> None:
        names, self._patient = np.unique(patients, return_inverse=True)
        self._count, rng = len(names), np.random.default_rng(seed)
        drawn = [rng.integers(self._count, size=self._count) for _ in range(resamples)]
        # How often each patient was drawn; row 0 takes every patient once.
        times = [np.bincount(row, minlength=self._count) for row in (np.arange(self._count), *drawn)]
        self._times = np.array(times, np.float64)
        self._images = self._times @ np.bincount(self._patient, minlength=self._count)
        self._aucs = [PatientAuc(patients, truth[:, k], seed, resamples) for k in range(truth.shape[1])]

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return ``(1 + resamples, figures)``: means over images of ``(images, figures)``."""
        sums = [np.bincount(self._patient, column, minlength=self._count) for column in values.T]
        found: np.ndarray = (self._times @ np.stack(sums, axis=1)) / self._images[:, None]
        return found

    def figures(self, scores: ImageScores) -> LabelFigures:
        """Return the figures of a predictor."""
        aucs = [counted.of(scores.probabilities[:, k]) for k, counted in enumerate(self._aucs)]
        return LabelFigures(self.means(label_losses(scores)), np.stack(aucs, axis=1))


@dataclass(frozen=True)
class Difference:
    """How much one figure of the model differs from that of another predictor, on the same resampled patients.

    Attributes
    ----------
    figure
        What is compared.
    value
        The model's minus the other's.
    lower_is_better
        Whether a negative difference is a gain.
    patients
        How many patients have the label.
    """

    figure: str
    value: Interval
    lower_is_better: bool
    patients: int

    @property
    def verdict(self) -> str:
        """Return ``better`` or ``worse`` where the interval holds no zero, else why neither is said."""
        if self.patients < FEWEST_PATIENTS:
            return "too few patients"
        low, high = (-self.value.high, -self.value.low) if self.lower_is_better else (self.value.low, self.value.high)
        if low > 0:
            return "better"
        return "worse" if high < 0 else "not shown to differ"


def differences(model: LabelFigures, other: LabelFigures, patients: np.ndarray) -> list[Difference]:
    """Return how the model differs from another predictor: weighted log loss, loss and AUC of each label.

    Parameters
    ----------
    patients
        ``(6,)``, how many patients have each label.
    """
    loss = interval(model.weighted - other.weighted)
    found = [Difference("weighted log loss", loss, lower_is_better=True, patients=int(patients[-1]))]
    for name, ours, theirs, lower in (
        ("log loss", model.losses, other.losses, True),
        ("AUC", model.aucs, other.aucs, False),
    ):
        gains = (interval(column) for column in (ours - theirs).T)
        found += [
            Difference(f"{name}, {label}", gain, lower, int(count))
            for label, gain, count in zip(LABELS, gains, patients, strict=True)
        ]
    return found


def patients_with(scores: ImageScores) -> np.ndarray:
    """Return ``(6,)``, how many patients have an image with each label."""
    return np.array([len(np.unique(scores.patients[column > 0])) for column in scores.truth.T])
