"""Split conformal prediction per class: thresholds with a bounded error on exchangeable studies, for any model.

Sources: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005), for the bound; Vovk, Conditional
Validity of Inductive Conformal Predictors (2012), for a bound in each class; Angelopoulos and Bates, A Gentle
Introduction to Conformal Prediction and Distribution-Free Uncertainty Quantification (2021), for the form used here.
"""

import math
from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS, Label
from triage_node.models import Thresholds

METHOD = "split conformal"
# Manifests hold thresholds to this many decimals; rounding goes to the safe side.
DECIMALS = 6
# In place of 0 or 1: the study bears on neither threshold of the label.
UNCOUNTED = -1


@dataclass(frozen=True)
class ErrorLevels:
    """What may go wrong, as shares of exchangeable studies.

    Attributes
    ----------
    negative
        Of the studies without a label, how many may be flagged for it.
    positive
        Of the studies with a label, how many may be taken for free of it.
    """

    negative: float = 0.02
    positive: float = 0.10

    def __post_init__(self) -> None:
        if not (0 < self.negative < 1 and 0 < self.positive < 1):
            raise ValueError(f"error levels must lie between 0 and 1, got {self.negative} and {self.positive}")

    @property
    def least_negatives(self) -> int:
        """Return how many negatives a threshold below the extreme takes."""
        return least_studies(self.negative)

    @property
    def least_positives(self) -> int:
        """Return how many positives a threshold above the extreme takes."""
        return least_studies(self.positive)


def _rank(count: int, alpha: float) -> int:
    """Return ``ceil((n + 1)(1 - alpha))``, which no rounding error moves."""
    return math.ceil(round((count + 1) * (1 - alpha), 9))


def least_studies(alpha: float) -> int:
    """Return the smallest n with ``ceil((n + 1)(1 - alpha)) <= n``."""
    return math.ceil(round(1 / alpha - 1, 9))


def upper_quantile(scores: np.ndarray, alpha: float) -> float | None:
    """Return the score that one more exchangeable score exceeds with a probability of at most `alpha`.

    It is the ``ceil((n + 1)(1 - alpha))``-th smallest of n; None where n is too small for the level.
    """
    rank = _rank(len(scores), alpha)
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else None


def lower_quantile(scores: np.ndarray, alpha: float) -> float | None:
    """Return the score below which one more exchangeable score lies with a probability of at most `alpha`."""
    mirrored = upper_quantile(-np.asarray(scores, np.float64), alpha)
    return None if mirrored is None else -mirrored


def _up(value: float) -> float:
    return min(1.0, math.ceil(value * 10**DECIMALS) / 10**DECIMALS)


def _down(value: float) -> float:
    return max(0.0, math.floor(value * 10**DECIMALS) / 10**DECIMALS)


def label_thresholds(scores: np.ndarray, truth: np.ndarray, levels: ErrorLevels) -> tuple[float, float]:
    """Return the flag and the uncertain threshold of one label.

    With too few negatives nothing is flagged (threshold 1), with too few positives nothing is taken for free of the
    label (threshold 0).

    Parameters
    ----------
    scores
        ``(studies,)`` probabilities.
    truth
        ``(studies,)``, 1 where the study has the label, 0 where it lacks it, `UNCOUNTED` where it counts as neither.
    """
    truth = np.asarray(truth)
    negative, positive = (
        upper_quantile(scores[truth == 0], levels.negative),
        lower_quantile(scores[truth > 0], levels.positive),
    )
    excludes_absence = 1.0 if negative is None else _up(negative)
    excludes_presence = 0.0 if positive is None else _down(positive)
    # Between the two both answers remain possible, or, where the classes lie far apart, neither.
    high, low = max(excludes_absence, excludes_presence), min(excludes_absence, excludes_presence)
    return max(high, 10.0**-DECIMALS), low


def conformal_thresholds(scores: np.ndarray, truth: np.ndarray, levels: ErrorLevels) -> Thresholds:
    """Return the thresholds of every label from studies that no fit has seen.

    Parameters
    ----------
    scores, truth
        ``(studies, 6)`` probabilities and labels, see `label_thresholds`.
    """
    found = {label: label_thresholds(scores[:, k], truth[:, k], levels) for k, label in enumerate(LABELS)}
    return Thresholds(
        {label: high for label, (high, _) in found.items()}, {label: low for label, (_, low) in found.items()}
    )


def counts(truth: np.ndarray) -> tuple[dict[Label, int], dict[Label, int]]:
    """Return how many studies lack and how many have each label."""
    absent, present = (np.asarray(truth) == 0).sum(axis=0), (np.asarray(truth) > 0).sum(axis=0)
    return (
        {label: int(absent[k]) for k, label in enumerate(LABELS)},
        {label: int(present[k]) for k, label in enumerate(LABELS)},
    )


def shortage(label: Label, negatives: int, positives: int, least: tuple[int, int]) -> str | None:
    """Return a sentence that says what a label lacks, None where nothing.

    Parameters
    ----------
    least
        Negatives and positives that are needed.
    """
    pairs = ((negatives, least[0], "without"), (positives, least[1], "with"))
    lacks = [f"{have} of {need} studies {word} it" for have, need, word in pairs if have < need]
    return f"{label}: {' and '.join(lacks)}" if lacks else None
