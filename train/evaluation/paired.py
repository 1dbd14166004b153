"""Two models on the same studies: differences with intervals over patients, who are the same for both."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from triage_node.findings import LABELS
from triage_node.train.evaluation.metrics import Interval, auc, bootstrap
from triage_node.train.evaluation.scores import ANY, Rows, Scores

PLAIN_QUANTILES = (0.1, 0.5, 0.9)
# Nearer to 0 or 1 than this, a probability has no useful logit.
SURE = 1e-6


@dataclass(frozen=True)
class PairedRow:
    """What one model's AUC is more than another's, per label, over slices, large slices or patients."""

    name: str
    by_label: tuple[Interval, ...]


@dataclass(frozen=True)
class PlainLogits:
    """Quantiles of the logits of *any* of studies without hemorrhage, of one model, another, and their difference.

    A difference below 0 says that the first model is surer of plain heads. Logits are those that probabilities are
    made from, after scaling.
    """

    quantile: float
    own: Interval
    other: Interval
    difference: Interval


def _auc_difference(own: np.ndarray, other: np.ndarray, truth: np.ndarray, rows: np.ndarray) -> float:
    return auc(own[rows], truth[rows]) - auc(other[rows], truth[rows])


def _row(own: Rows, other: Rows) -> PairedRow:
    found = []
    for k in range(len(LABELS)):
        mine, theirs = own.told(k), other.told(k)
        figure = partial(_auc_difference, mine.logits[:, k], theirs.logits[:, k], mine.truth[:, k])
        found.append(bootstrap(mine.patients, figure))
    return PairedRow(own.name, tuple(found))


def paired_differences(own: Scores, other: Scores) -> tuple[PairedRow, ...]:
    """Return how much larger the AUC of one model is than that of another, on the same studies in the same order.

    Raises
    ------
    ValueError
        When the scores are not those of the same studies.
    """
    for mine, theirs in zip(own.compared, other.compared, strict=True):
        if not np.array_equal(mine.patients, theirs.patients) or not np.array_equal(mine.truth, theirs.truth):
            raise ValueError(f"The {mine.name} of two models are not those of the same studies.")
    return tuple(_row(mine, theirs) for mine, theirs in zip(own.compared, other.compared, strict=True))


def _quantile(logits: np.ndarray, quantile: float, rows: np.ndarray) -> float:
    return float(np.quantile(logits[rows], quantile))


def _quantile_difference(own: np.ndarray, other: np.ndarray, quantile: float, rows: np.ndarray) -> float:
    return _quantile(own, quantile, rows) - _quantile(other, quantile, rows)


def plain_logits(own: Scores, other: Scores) -> tuple[PlainLogits, ...]:
    """Return quantiles of the logits of studies without hemorrhage."""
    plain = own.studies.truth[:, ANY] == 0
    patients = own.studies.patients[plain]
    mine, theirs = (_logits(scores.study_probabilities[plain, ANY]) for scores in (own, other))
    return tuple(
        PlainLogits(
            quantile,
            own=bootstrap(patients, partial(_quantile, mine, quantile)),
            other=bootstrap(patients, partial(_quantile, theirs, quantile)),
            difference=bootstrap(patients, partial(_quantile_difference, mine, theirs, quantile)),
        )
        for quantile in PLAIN_QUANTILES
    )


def _logits(probabilities: np.ndarray) -> np.ndarray:
    clipped = np.clip(probabilities, SURE, 1 - SURE)
    return np.asarray(np.log(clipped / (1 - clipped)))
