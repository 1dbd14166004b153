"""Which series are fitted on, which set the thresholds, and which judge: by folds of patients."""

from dataclasses import dataclass
from pathlib import Path

from triage_node.errors import TriageError
from triage_node.train.rsna.fitting.folds import patients_in, read_folds
from triage_node.train.rsna.shards.cache import Cache, CachedSeries


@dataclass(frozen=True)
class Split:
    """The series of three groups of patients; no patient is in two.

    Attributes
    ----------
    fitting
        To fit on.
    validation
        For curves, scaling and thresholds; none where all are fitted on.
    test
        To judge on, seen by nothing before; none where all are fitted on.
    """

    fitting: tuple[CachedSeries, ...]
    validation: tuple[CachedSeries, ...]
    test: tuple[CachedSeries, ...]


def split(cache: Cache, folds: dict[str, int], test: int | None) -> Split:
    """Return the series of a cache: fold `test` judges, the next one validates, the others are fitted on.

    Without a fold that judges all are fitted on.

    Raises
    ------
    TriageError
        When there is no such fold, or fewer than three.
    """
    count = max(folds.values(), default=-1) + 1
    if count < 3:
        raise TriageError(f"A split needs three folds or more, there are {count}.")
    if test is None:
        return Split(cache.of_patients(set(folds)), (), ())
    validation = (test + 1) % count
    rest = set(range(count)) - {test, validation}
    return Split(
        cache.of_patients(patients_in(folds, rest)),
        cache.of_patients(patients_in(folds, {validation})),
        cache.of_patients(patients_in(folds, {test})),
    )


def split_of(cache: Cache, folds: Path, test: int | None) -> Split:
    """Return the series of a cache by the folds of a file; raises as `split` and `read_folds` do."""
    return split(cache, read_folds(folds), test)
