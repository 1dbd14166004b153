"""The competition's submission: six rows an image, ``ID_…_epidural,0.0123``."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.csv_text import open_csv

HEADER = ("ID", "Label")


def _rows(image: str, probabilities: np.ndarray) -> Iterator[tuple[str, str]]:
    for label, value in zip(LABELS, probabilities, strict=True):
        yield f"{image}_{label}", f"{value:.6f}"


def sample_ids(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield row, image and label of each row of ``stage_2_sample_submission.csv``.

    Raises
    ------
    TriageError
        Naming file and row.
    """
    rows = csv.DictReader(open_csv(path))
    if "ID" not in (rows.fieldnames or ()):
        raise TriageError(f"{path.name}, row 1: the column ID is missing.")
    for number, row in enumerate(rows, 2):
        image, _, label = (row["ID"] or "").rpartition("_")
        if label not in set(LABELS):
            raise TriageError(f"{path.name}, row {number}: {row['ID']!r} names no image and label.")
        yield number, image, label


def write_submission(path: Path, scores: Mapping[str, np.ndarray], sample: Path | None = None) -> int:
    """Write the submission and return the number of its rows.

    Parameters
    ----------
    scores
        ``(6,)`` probabilities by SOP Instance UID.
    sample
        The competition's sample submission: its rows, in its order.

    Raises
    ------
    TriageError
        When the sample names an image that was not scored, with file and row.
    """
    count = 0
    with complete_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for row in _sampled(scores, sample) if sample else _all(scores):
            writer.writerow(row)
            count += 1
    return count


def _all(scores: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    for image in sorted(scores):
        yield from _rows(image, scores[image])


def _sampled(scores: Mapping[str, np.ndarray], sample: Path) -> Iterator[tuple[str, str]]:
    position = {str(label): k for k, label in enumerate(LABELS)}
    for number, image, label in sample_ids(sample):
        if image not in scores:
            raise TriageError(f"{sample.name}, row {number}: the image {image} is not in the shards.")
        yield f"{image}_{label}", f"{scores[image][position[label]]:.6f}"
