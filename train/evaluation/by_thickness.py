"""What a model is worth on thin and on thick slices."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from triage_node.train.evaluation.metrics import Interval, auc_interval, share
from triage_node.train.evaluation.scores import ANY, Scores

# Distances between slices that are judged together, in mm; the usual 5 mm lie in the middle.
BOUNDS_MM = (0.0, 4.0, 6.0, np.inf)


@dataclass(frozen=True)
class ThicknessBin:
    """Studies of about the same distance between slices.

    Attributes
    ----------
    low_mm, high_mm
        Distances in the bin.
    studies, positive
        How many, and how many of them with hemorrhage.
    auc
        Of *any*, by study.
    positive_flagged, negative_flagged
        Share of those with and without hemorrhage that are flagged.
    """

    low_mm: float
    high_mm: float
    studies: int
    positive: int
    auc: Interval
    positive_flagged: Interval
    negative_flagged: Interval

    @property
    def name(self) -> str:
        """Return the range in words."""
        if self.low_mm == 0:
            return f"under {self.high_mm:g} mm"
        return f"{self.low_mm:g} mm and more" if np.isinf(self.high_mm) else f"{self.low_mm:g} to {self.high_mm:g} mm"


def by_thickness(scores: Scores) -> tuple[ThicknessBin, ...]:
    """Return the figures of each bin that holds studies."""
    found = (_bin(scores, low, high) for low, high in pairwise(BOUNDS_MM))
    return tuple(one for one in found if one.studies)


def _bin(scores: Scores, low_mm: float, high_mm: float) -> ThicknessBin:
    rows = scores.studies
    where = (scores.slice_mm >= low_mm) & (scores.slice_mm < high_mm)
    bleeds: np.ndarray = rows.truth[:, ANY] > 0
    flagged: np.ndarray = np.asarray(scores.flagged.any(axis=1))
    return ThicknessBin(
        low_mm,
        high_mm,
        int(where.sum()),
        int((where & bleeds).sum()),
        auc_interval(rows.logits[where, ANY], rows.truth[where, ANY], rows.patients[where]),
        share(flagged[where & bleeds]),
        share(flagged[where & ~bleeds]),
    )
