"""Several models of one recipe, fitted with other seeds, on the same studies."""

from dataclasses import dataclass

import numpy as np

from triage_node.errors import TriageError
from triage_node.findings import LABELS, Label
from triage_node.train.evaluation.metrics import Interval, auc, bootstrap
from triage_node.train.evaluation.scores import Rows, Scores


@dataclass(frozen=True)
class SeedFigure:
    """AUC of one label over several models: each, and their mean with its interval over resampled patients."""

    label: Label
    each: tuple[float, ...]
    mean: Interval


@dataclass(frozen=True)
class SeedRow:
    """Figures of one kind of rows, a figure per label."""

    name: str
    by_label: tuple[SeedFigure, ...]


def _figure(k: int, all_rows: tuple[Rows, ...]) -> SeedFigure:
    models = [rows.told(k) for rows in all_rows]
    truth = models[0].truth[:, k]

    def mean(rows: np.ndarray) -> float:
        return float(np.mean([auc(found.logits[rows, k], truth[rows]) for found in models]))

    each = tuple(auc(found.logits[:, k], truth) for found in models)
    return SeedFigure(LABELS[k], each, bootstrap(models[0].patients, mean))


def across_seeds(scores: list[Scores]) -> tuple[SeedRow, ...]:
    """Return the mean AUC of several models over all slices, slices with much brain, and patients.

    Raises
    ------
    TriageError
        When the models did not score the same slices, as with different geometries.
    """
    for other in scores[1:]:
        pairs = zip(scores[0].compared, other.compared, strict=True)
        if not all(np.array_equal(first.patients, second.patients) for first, second in pairs):
            raise TriageError("The models did not score the same slices: they are not of one recipe.")
    return tuple(
        SeedRow(rows[0].name, tuple(_figure(k, rows) for k in range(len(LABELS))))
        for rows in zip(*(found.compared for found in scores), strict=True)
    )
