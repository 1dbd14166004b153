"""What a site says of its studies: a CSV with six labels a slice, or a study."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from triage_node.errors import TriageError
from triage_node.findings import LABELS, TYPES
from triage_node.train.calibration.conformal import UNCOUNTED
from triage_node.train.csv_text import open_csv

PATIENT, FOLDER = "patient", "folder"
# Columns that name a slice; with neither, a row speaks for the whole study.
SLICE_NUMBER, SLICE_UID = "slice", "sop_instance_uid"

SliceKey = int | str


@dataclass
class StudyLabels:
    """The labels of one study.

    Attributes
    ----------
    patient
        Whose it is; patients are never split between fitting and judging.
    folder
        Folder of its DICOM files, relative to that of all studies.
    line
        Line of the file that names it first.
    slices
        ``(6,) uint8`` by Instance Number or SOP Instance UID; empty when only the study is labeled.
    study
        ``(6,) int8``, `UNCOUNTED` for a type that nobody told, or None where slices are labeled.
    """

    patient: str
    folder: str
    line: int
    slices: dict[SliceKey, np.ndarray] = field(default_factory=dict)
    study: np.ndarray | None = None

    @property
    def any_of_all(self) -> np.ndarray:
        """Return the study's labels ``(6,) int8``: given, or the highest of its slices."""
        return self.study if self.study is not None else np.max(list(self.slices.values()), axis=0)


class LabelFileError(TriageError):
    """A row of the label file cannot be used."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path.name}, line {line}: {problem}.", path=path, line=line)


def read_site_labels(path: Path) -> list[StudyLabels]:
    """Return the labeled studies of a CSV, in the order of the file.

    Columns: ``patient``, optionally ``folder`` (the study's folder, else the patient's name), optionally ``slice``
    (Instance Number) or ``sop_instance_uid``, and the six labels, each 0 or 1. ``any`` must be 1 where a type is. In
    the row of a whole study with a hemorrhage a type may be empty: it was not told, and counts neither way.

    Raises
    ------
    LabelFileError
        Naming file and line, when a column, a patient, a slice or a label is missing or wrong, or rows contradict.
    """
    studies: dict[str, StudyLabels] = {}
    with open_csv(path) as stream:
        rows = csv.DictReader(stream)
        slice_column = _slice_column(path, rows.fieldnames or ())
        for line, row in _numbered(rows):
            _add_row(studies, path, line, row, slice_column)
    if not studies:
        raise LabelFileError(path, 1, "there is no labeled study")
    return list(studies.values())


def _numbered(rows: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    for row in rows:
        yield rows.line_num, {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}


def _slice_column(path: Path, columns: object) -> str | None:
    """Check the header, and return which column names the slices."""
    found = set(columns) if isinstance(columns, list | tuple) else set()
    if missing := sorted({PATIENT, *map(str, LABELS)} - found):
        raise LabelFileError(path, 1, f"the columns {', '.join(missing)} are missing")
    return next((name for name in (SLICE_UID, SLICE_NUMBER) if name in found), None)


def _add_row(
    studies: dict[str, StudyLabels], path: Path, line: int, row: Mapping[str, str], slice_column: str | None
) -> None:
    patient = row[PATIENT]
    if not patient:
        raise LabelFileError(path, line, "the patient is missing")
    folder = row.get(FOLDER) or patient
    if Path(folder).is_absolute() or ".." in Path(folder).parts:
        raise LabelFileError(path, line, "the folder lies outside of the folder of the studies")
    labels = _labels(path, line, row, may_be_untold=slice_column is None)
    study = studies.setdefault(folder, StudyLabels(patient, folder, line))
    if study.patient != patient:
        raise LabelFileError(path, line, f"the folder belongs to another patient in line {study.line}")
    known = study.study
    if slice_column is None:
        study.study = labels
    else:
        key = _slice_key(path, line, row[slice_column], slice_column)
        known = study.slices.get(key)
        study.slices[key] = labels
    if known is not None and not np.array_equal(known, labels):
        raise LabelFileError(path, line, "its labels contradict those of an earlier row of the same study or slice")


def _slice_key(path: Path, line: int, text: str, column: str) -> SliceKey:
    if not text:
        raise LabelFileError(path, line, f"{column} is empty")
    if column == SLICE_UID:
        return text
    if not text.isdecimal():
        raise LabelFileError(path, line, f"{column} must be an Instance Number, got {text!r}")
    return int(text)


def _labels(path: Path, line: int, row: Mapping[str, str], may_be_untold: bool) -> np.ndarray:
    untold = {str(label) for label in TYPES if may_be_untold and not row[str(label)]}
    for label in LABELS:
        if row[str(label)] not in ("0", "1") and label not in untold:
            raise LabelFileError(path, line, f"{label} must be 0 or 1, got {row[str(label)]!r}")
    has_any = row[str(LABELS[-1])] == "1"
    of_untold = UNCOUNTED if has_any else 0
    labels = np.array([of_untold if label in untold else int(row[str(label)]) for label in LABELS], np.int8)
    if labels[:-1].any() and not has_any:
        raise LabelFileError(path, line, "a type is 1 but any is 0")
    return labels
