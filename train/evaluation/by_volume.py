"""What is found of small lesions and of large ones; generated studies only, whose volumes are known."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from triage_node.findings import LABELS, Label
from triage_node.train.evaluation.metrics import Interval, auc_interval, share, specificity_cut
from triage_node.train.evaluation.scores import Scores

# Volumes from which lesions are binned together, in mL.
BOUNDS_ML = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, np.inf)
# Lesions from this volume on must be found; of smaller ones the curve is shown.
CLEAR_ML = 2.0
SPECIFICITY = 0.90


@dataclass(frozen=True)
class VolumeBin:
    """Lesions of one type and about one size.

    Attributes
    ----------
    label
        Type, or any: then the volume is that of all types together.
    low_ml, high_ml
        Volumes in the bin.
    count
        Studies with such a lesion.
    flagged
        Share of them that are flagged for the label.
    at_specificity
        Share that scores above 90 % of the studies without the label.
    """

    label: Label
    low_ml: float
    high_ml: float
    count: int
    flagged: Interval
    at_specificity: Interval

    @property
    def name(self) -> str:
        """Return the range in words."""
        if self.low_ml == 0:
            return f"< {self.high_ml:g} mL"
        return f"> {self.low_ml:g} mL" if np.isinf(self.high_ml) else f"{self.low_ml:g}-{self.high_ml:g} mL"


def sensitivity_by_volume(scores: Scores) -> tuple[VolumeBin, ...]:
    """Return the bins of each label, from small to large; none where volumes are not known."""
    if scores.volume_ml is None:
        return ()
    return tuple(found for k in range(len(LABELS)) for found in _bins(scores, scores.volume_ml[:, k], k))


def _bins(scores: Scores, volume: np.ndarray, k: int) -> list[VolumeBin]:
    logits, positive = scores.studies.logits[:, k], scores.studies.truth[:, k] > 0
    above = positive if positive.all() else logits > specificity_cut(logits, positive, SPECIFICITY)
    found = []
    for low, high in pairwise(BOUNDS_ML):
        where = positive & (volume >= low) & (volume < high)
        flagged = share(scores.flagged[where, k])
        found.append(VolumeBin(LABELS[k], low, high, int(where.sum()), flagged, share(above[where])))
    return found


@dataclass(frozen=True)
class ClearLesions:
    """Study AUC of one label where the lesion is large enough to ask for it, against studies without the label."""

    label: Label
    positive: int
    auc: Interval


def clear_lesions(scores: Scores) -> tuple[ClearLesions, ...]:
    """Return the study AUC of each label where its blood measures 2 mL or more; none where volumes are not known."""
    if scores.volume_ml is None:
        return ()
    rows, found = scores.studies, []
    for k, label in enumerate(LABELS):
        positive = (rows.truth[:, k] > 0) & (scores.volume_ml[:, k] >= CLEAR_ML)
        subset = rows.chosen(str(label), positive | (rows.truth[:, k] == 0))
        interval = auc_interval(subset.logits[:, k], subset.truth[:, k], subset.patients)
        found.append(ClearLesions(label, int(positive.sum()), interval))
    return tuple(found)
