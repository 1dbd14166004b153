"""The competition's label CSV, one row an image and label, to one row an image with six booleans."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage_node.findings import LABELS
from triage_node.train.rsna.dataset.label_rows import LabelRows, read_label_rows
from triage_node.train.rsna.dataset.problems import Problem, ProblemCode
from triage_node.train.rsna.dataset.tables import LABELS_SCHEMA, Labels

# Its pixel data are cut off in the competition's own archive.
KNOWN_CORRUPT = frozenset({"ID_6431af929"})
ANY = len(LABELS) - 1


@dataclass(frozen=True)
class LabelImport:
    """What a label CSV holds.

    Attributes
    ----------
    labels
        One row an image.
    rows, repeated
        Rows of the CSV, and how many of them said again what another row says.
    problems
        Images whose rows contradict or are not complete, and those known to be corrupt.
    """

    labels: Labels
    rows: int
    repeated: int
    problems: tuple[Problem, ...]

    @property
    def positive(self) -> dict[str, int]:
        """Return the number of images with each label."""
        return {str(label): pc.sum(self.labels.table[str(label)]).as_py() or 0 for label in LABELS}


def import_labels(csv: Path) -> LabelImport:
    """Read ``stage_1_train.csv`` or ``stage_2_train.csv``.

    Rows that repeat another are dropped. Where rows of one image and label contradict, the positive one counts: a
    reader saw it. An image that lacks one of the six rows is left out, as is the image whose file is known to be
    corrupt; both are listed. *any* is true wherever a type is.

    Raises
    ------
    LabelRowError
        Naming file and row, for a missing column, an unknown label or a malformed row.
    """
    rows = read_label_rows(csv)
    images, positive, negative = _votes(rows)
    flaws = list(_flaws(csv, images, positive, negative))
    labels = positive > 0
    labels[:, ANY] |= labels[:, :ANY].any(axis=1)
    keep = (positive + negative > 0).all(axis=1) & ~np.isin(images, list(KNOWN_CORRUPT))
    columns = [pa.array(images[keep], pa.string()), *(pa.array(labels[keep, k]) for k in range(len(LABELS)))]
    repeated = len(rows.labels) - int((positive + negative > 0).sum())
    table = pa.table(columns, schema=LABELS_SCHEMA)
    return LabelImport(Labels(table, csv.name), len(rows.labels), repeated, tuple(flaws))


def _votes(rows: LabelRows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the images, sorted, and ``(images, 6) int64`` how many rows say yes and how many no."""
    coded = rows.images.combine_chunks().dictionary_encode()
    cells = coded.indices.to_numpy().astype(np.int64) * len(LABELS) + rows.labels
    shape = len(coded.dictionary), len(LABELS)
    positive = np.bincount(cells[rows.values], minlength=shape[0] * shape[1]).reshape(shape)
    negative = np.bincount(cells[~rows.values], minlength=shape[0] * shape[1]).reshape(shape)
    names = coded.dictionary.to_numpy(zero_copy_only=False)
    order = np.argsort(names)
    return names[order], positive[order], negative[order]


def _flaws(csv: Path, images: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> Iterator[Problem]:
    for row, column in np.argwhere((positive > 0) & (negative > 0)):
        sentence = (
            f"{positive[row, column]} row(s) say 1 and {negative[row, column]} say 0 for {LABELS[column]}: 1 counts."
        )
        yield Problem(csv.name, images[row], ProblemCode.CONFLICTING_ROWS, sentence)
    for row in np.flatnonzero((positive + negative == 0).any(axis=1)):
        missing = ", ".join(LABELS[k] for k in np.flatnonzero(positive[row] + negative[row] == 0))
        sentence = f"It has no row for {missing}: the image is left out."
        yield Problem(csv.name, images[row], ProblemCode.INCOMPLETE_LABELS, sentence)
    for row in np.flatnonzero((positive[:, :ANY] > 0).any(axis=1) & (positive[:, ANY] == 0)):
        yield Problem(csv.name, images[row], ProblemCode.TYPE_WITHOUT_ANY, "A type is 1 but any is 0: any becomes 1.")
    for row in np.flatnonzero(np.isin(images, list(KNOWN_CORRUPT))):
        yield Problem(csv.name, images[row], ProblemCode.CORRUPT, "Its file is known to be cut off: it is left out.")
