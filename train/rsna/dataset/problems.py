"""What is missing, unreadable or contradictory: a table, never a silence."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from triage_node.complete_file import complete_file


class ProblemCode(StrEnum):
    """What is wrong with a row of the CSV or with an image."""

    CONFLICTING_ROWS = "conflicting_rows"
    INCOMPLETE_LABELS = "incomplete_labels"
    TYPE_WITHOUT_ANY = "type_without_any"
    CORRUPT = "corrupt"
    MISSING_IMAGE = "missing_image"
    UNLABELED = "unlabeled"
    UNREADABLE = "unreadable"
    INCOMPLETE_HEADER = "incomplete_header"
    TRUNCATED = "truncated"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    file
        The CSV, or the image's path below the images' folder, or its name in the zip; "" for an image that has none.
    image
        SOP Instance UID, "" when unknown.
    code
        What it is.
    sentence
        What it is and what was done about it, in words.
    """

    file: str
    image: str
    code: ProblemCode
    sentence: str


def write_problems(path: Path, problems: Iterable[Problem]) -> Path:
    """Write problems as CSV, in the order given; a file with its header only says that there are none."""
    rows = [astuple(problem) for problem in problems]
    names = [field.name for field in fields(Problem)]
    columns = [pa.array([str(row[k]) for row in rows], pa.string()) for k in range(len(names))]
    with complete_file(path) as partial:
        pa_csv.write_csv(pa.table(columns, names=names), partial)
    return path


def counts(problems: Iterable[Problem]) -> Counter[ProblemCode]:
    """Return how many problems there are of each kind."""
    return Counter(problem.code for problem in problems)
