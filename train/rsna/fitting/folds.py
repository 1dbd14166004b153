"""Folds of patients with about the same share of every hemorrhage type, kept in a file."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.csv_text import open_csv
from triage_node.train.rsna.shards.cache import CachedSeries

FILE_NAME = "folds.csv"
COLUMNS = ["patient_id", "fold"]


def patient_labels(series: Sequence[CachedSeries]) -> dict[str, np.ndarray]:
    """Return by patient ``(7,)``: labeled images with each of the six labels, and those without any."""
    found: dict[str, np.ndarray] = {}
    for one in series:
        if not one.image_known.any():
            continue
        labels = one.image_labels[one.image_known].astype(int)
        counts = np.append(labels.sum(axis=0), np.sum(labels[:, -1] == 0))
        found[one.patient_id] = found.get(one.patient_id, np.zeros(len(LABELS) + 1, int)) + counts
    return found


def stratified_folds(labels: dict[str, np.ndarray], folds: int, seed: int) -> dict[str, int]:
    """Return the fold of each patient, 0 to `folds` - 1.

    The rarest label is dealt first: a patient who has it goes to the fold that lacks most of it, in images.

    Source: Sechidis, Tsoumakas and Vlahavas, On the Stratification of Multi-Label Data (2011), with patients for
    examples and their numbers of images for labels.

    Raises
    ------
    TriageError
        When there are fewer than two folds, or fewer patients than folds.
    """
    if folds < 2 or len(labels) < folds:
        raise TriageError(f"{len(labels)} labeled patients cannot be dealt into {folds} folds.")
    names = np.array(sorted(labels))
    counts = np.stack([labels[name] for name in names]).astype(float)
    order = np.random.default_rng(seed).permutation(len(names))
    wanted = np.tile(counts.sum(axis=0) / folds, (folds, 1))
    room = np.full(folds, len(names) / folds)
    dealt: dict[str, int] = {}
    for index in _rarest_first(counts, order):
        fold = _neediest(wanted, room, counts[index])
        dealt[str(names[index])] = fold
        wanted[fold] -= counts[index]
        room[fold] -= 1
    return dict(sorted(dealt.items()))


def _rarest_first(counts: np.ndarray, order: np.ndarray) -> list[int]:
    """Return all patients: those with the rarest label first, with many such images before those with few."""
    columns = np.argsort((counts > 0).sum(axis=0), kind="stable")
    left, found = list(order), []
    for column in columns:
        having = sorted((i for i in left if counts[i, column] > 0), key=lambda i: -counts[i, column])
        found += having
        left = [i for i in left if counts[i, column] == 0]
    return [int(index) for index in (*found, *left)]


def _neediest(wanted: np.ndarray, room: np.ndarray, counts: np.ndarray) -> int:
    """Return the fold that lacks most of the patient's rarest label; of several the one with most room."""
    has = np.flatnonzero(counts > 0)
    rarest = has[np.argmin(wanted[:, has].sum(axis=0))] if len(has) else -1
    lack = wanted[:, rarest]
    return int(max(range(len(room)), key=lambda fold: (round(float(lack[fold]), 6), float(room[fold]), -fold)))


def write_folds(path: Path, folds: dict[str, int]) -> None:
    """Write the fold of each patient as CSV."""
    with complete_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(folds.items())


def read_folds(path: Path) -> dict[str, int]:
    """Return the fold of each patient.

    Raises
    ------
    TriageError
        Naming file and row.
    """
    try:
        stream = open_csv(path)
    except TriageError as error:
        raise TriageError(f"{str(error).rstrip('.')}: make it with rsna folds.") from error
    rows = csv.DictReader(stream)
    if rows.fieldnames != COLUMNS:
        raise TriageError(f"{path} must have the columns patient_id and fold, not {rows.fieldnames}.")
    return {row["patient_id"]: _fold(path, number, row["fold"]) for number, row in enumerate(rows, 2)}


def fold_count(path: Path) -> int:
    """Return how many folds a file deals patients into; raises as `read_folds` does."""
    return max(read_folds(path).values(), default=-1) + 1


def _fold(path: Path, number: int, text: str | None) -> int:
    if text is None or not text.isdigit():
        raise TriageError(f"{path}, row {number}: the fold must be a whole number, got {text!r}.")
    return int(text)


def patients_in(folds: dict[str, int], chosen: set[int]) -> set[str]:
    """Return the patients of some folds.

    Raises
    ------
    TriageError
        When there is no such fold.
    """
    if missing := chosen - set(folds.values()):
        raise TriageError(f"There is no fold {min(missing)}: the folds are 0 to {max(folds.values(), default=0)}.")
    return {patient for patient, fold in folds.items() if fold in chosen}
