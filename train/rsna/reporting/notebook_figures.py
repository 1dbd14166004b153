"""The figures of the notebook this project grew from, as it took them: three quarters of the images positive.

Its outputs were five types and *none*. *None* is right or wrong where *any* is, and loses as much, so that accuracy and
cross-entropy over its six outputs are those over our six labels; what differs is how many images are positive.
"""

from dataclasses import dataclass

import numpy as np

from triage_node.train.rsna.evaluation.baseline import POSITIVE_SHARE
from triage_node.train.rsna.evaluation.scoring import ImageScores
from triage_node.train.rsna.reporting.resamples import SMALLEST, label_losses

CONSTANT = "constant, the rates of that balance"


@dataclass(frozen=True)
class NotebookFigures:
    """Binary cross-entropy and accuracy over five types and *none*."""

    name: str
    cross_entropy: float
    accuracy: float


def image_weights(truth: np.ndarray) -> np.ndarray:
    """Return ``(images,)`` weights, of sum 1, by which three quarters of the images are positive; nan if none are."""
    positive = truth[:, -1] > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(positive, POSITIVE_SHARE / positive.sum(), (1 - POSITIVE_SHARE) / (~positive).sum())
    return found if 0 < positive.sum() < len(positive) else np.full(len(positive), np.nan)


def notebook_figures(scores: ImageScores) -> NotebookFigures:
    """Return the figures of a predictor at the notebook's balance, probabilities as they are."""
    weights = image_weights(scores.truth)
    hits = ((scores.probabilities >= 0.5) == (scores.truth > 0)).mean(axis=1)
    return NotebookFigures(scores.name, float(weights @ label_losses(scores).mean(axis=1)), float(weights @ hits))


def constant_figures(truth: np.ndarray) -> NotebookFigures:
    """Return what the best constant reaches at that balance: the share of each label in it."""
    rates = np.clip(image_weights(truth) @ truth, SMALLEST, 1 - SMALLEST)
    entropy = -(rates * np.log(rates) + (1 - rates) * np.log(1 - rates))
    return NotebookFigures(CONSTANT, float(entropy.mean()), float(np.maximum(rates, 1 - rates).mean()))
