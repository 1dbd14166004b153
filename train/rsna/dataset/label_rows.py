"""The rows of the competition's label CSV, ``ID,Label`` with ``ID_28fbab7eb_epidural,0``, read as a stream."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from triage_node.errors import TriageError
from triage_node.findings import LABELS

ID, LABEL = "ID", "Label"
BLOCK_BYTES = 4 * 2**20
_LABELS = pa.array([str(label) for label in LABELS])
_VALUES = pa.array(["0", "1"])
_MALFORMED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_FORM = r"^[\w.-]+_[a-z]+$"


class LabelRowError(TriageError):
    """A row of the label CSV cannot be used."""

    def __init__(self, path: Path, row: int, problem: str) -> None:
        super().__init__(f"{path.name}, row {row}: {problem}.", path=path, row=row)


@dataclass(frozen=True)
class LabelRows:
    """All rows of a label CSV, in its order.

    Attributes
    ----------
    images
        Strings, the image of each row.
    labels
        ``(rows,) uint8``, index in `LABELS`.
    values
        ``(rows,) bool``.
    """

    images: pa.ChunkedArray
    labels: np.ndarray
    values: np.ndarray


def read_label_rows(path: Path) -> LabelRows:
    """Read a label CSV.

    Raises
    ------
    LabelRowError
        Naming file and row; the header is row 1.
    """
    images, labels, values, row = [], [np.zeros(0, np.uint8)], [np.zeros(0, bool)], 2
    try:
        with _opened(path) as reader:
            _check_header(path, reader.schema.names)
            for batch in reader:
                found = _parsed(path, batch, row)
                images.append(found[0])
                labels.append(found[1])
                values.append(found[2])
                row += len(batch)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _malformed(path, row, error) from error
    except OSError as error:
        raise TriageError(f"{path} cannot be read ({error.strerror or error}).", path=path) from error
    if row == 2:
        raise LabelRowError(path, 2, "there is no row after the header")
    return LabelRows(pa.chunked_array(images, pa.string()), np.concatenate(labels), np.concatenate(values))


def _opened(path: Path) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        _unpacked(path) if zipfile.is_zipfile(path) else path,
        pa_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),  # threads would lose count of the rows
        pa_csv.ParseOptions(ignore_empty_lines=False),
        pa_csv.ConvertOptions(column_types={ID: pa.string(), LABEL: pa.string()}, strings_can_be_null=False),
    )


def _unpacked(path: Path) -> IO[bytes]:
    """Return the CSV in a zip, as Kaggle serves it; it is unpacked while it is read."""
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
    if len(names) != 1:
        raise TriageError(f"{path.name} holds {len(names)} CSV files, not one.", path=path)
    return archive.open(names[0])


def _malformed(path: Path, row: int, error: Exception) -> LabelRowError:
    """Return what Arrow says of a row, which it names itself; else what lies in the block from `row` on."""
    message = str(error).splitlines()[0].rstrip(".")
    if found := _MALFORMED.search(message):
        return LabelRowError(path, int(found[1]), f"it has {found[3]} columns, not {found[2]}")
    return LabelRowError(path, row, message)


def _check_header(path: Path, columns: list[str]) -> None:
    missing = [name for name in (ID, LABEL) if name not in columns]
    if missing:
        raise LabelRowError(path, 1, f"the column {' and '.join(missing)} is missing; there is {', '.join(columns)}")


def _parsed(path: Path, batch: pa.RecordBatch, first_row: int) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Return images, labels and values of a batch whose first row is the CSV's `first_row`."""
    ids, texts = batch.column(ID), batch.column(LABEL)
    _refuse_first(path, first_row, pc.invert(pc.match_substring_regex(ids, _FORM)), ids, "{!r} is no image and label")
    parts = pc.split_pattern(ids, "_", max_splits=1, reverse=True)
    images, names = pc.list_element(parts, 0), pc.list_element(parts, 1)
    labels, values = pc.index_in(names, _LABELS), pc.index_in(texts, _VALUES)
    _refuse_first(path, first_row, pc.is_null(labels), names, "{!r} is not one of " + ", ".join(LABELS))
    _refuse_first(path, first_row, pc.is_null(values), texts, f"{LABEL} must be 0 or 1, got {{!r}}")
    return images, labels.to_numpy().astype(np.uint8), values.to_numpy().astype(bool)


def _refuse_first(path: Path, first_row: int, wrong: pa.Array, shown: pa.Array, problem: str) -> None:
    at = pc.index(wrong, value=True).as_py()
    if at >= 0:
        raise LabelRowError(path, first_row + at, problem.format(shown[at].as_py()))
