"""The two tables that everything after the competition's files stands on: labels and index, one row an image."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.findings import LABELS

FORMAT_VERSION = 1
METADATA_KEY = b"triage_node.rsna"
LABELS_FILE, LABELS_CSV, INDEX_FILE, PROBLEMS_FILE = "labels.parquet", "labels.csv", "index.parquet", "problems.csv"
SORTED_BY = ("patient_id", "study_instance_uid", "series_instance_uid", "position_mm", "sop_instance_uid")

LABELS_SCHEMA = pa.schema(
    [pa.field("sop_instance_uid", pa.string(), nullable=False)]
    + [pa.field(str(label), pa.bool_(), nullable=False) for label in LABELS]
)
# What the header of an image says; lengths in mm, directions as in ImageOrientationPatient (PS3.3 C.7.6.2).
IMAGE_SCHEMA = pa.schema(
    [
        pa.field("sop_instance_uid", pa.string(), nullable=False),
        pa.field("study_instance_uid", pa.string(), nullable=False),
        pa.field("series_instance_uid", pa.string(), nullable=False),
        pa.field("patient_id", pa.string(), nullable=False),
        # Path below the images' folder, or the member's name in the zip.
        pa.field("source", pa.string(), nullable=False),
        # Projection of ImagePositionPatient on the slice normal, growing from feet to head.
        pa.field("position_mm", pa.float64(), nullable=False),
        pa.field("image_position_x_mm", pa.float64(), nullable=False),
        pa.field("image_position_y_mm", pa.float64(), nullable=False),
        pa.field("image_position_z_mm", pa.float64(), nullable=False),
        pa.field("image_orientation", pa.list_(pa.float64(), 6), nullable=False),
        pa.field("pixel_spacing_row_mm", pa.float64(), nullable=False),
        pa.field("pixel_spacing_column_mm", pa.float64(), nullable=False),
        pa.field("rows", pa.int32(), nullable=False),
        pa.field("columns", pa.int32(), nullable=False),
        pa.field("rescale_slope", pa.float64(), nullable=False),
        pa.field("rescale_intercept", pa.float64(), nullable=False),
        pa.field("bits_stored", pa.int8(), nullable=False),
        pa.field("pixel_representation", pa.int8(), nullable=False),
        pa.field("photometric_interpretation", pa.string(), nullable=False),
        pa.field("transfer_syntax_uid", pa.string(), nullable=False),
        # Negative values were stored modulo 4096; `imaging.hounsfield` undoes it.
        pa.field("wrapped", pa.bool_(), nullable=False),
    ]
)
INDEX_SCHEMA = pa.schema(
    [
        *IMAGE_SCHEMA,
        *(pa.field(str(label), pa.bool_()) for label in LABELS),
        pa.field("has_label", pa.bool_(), nullable=False),
    ]
)


class TableError(TriageError):
    """A table of the RSNA set cannot be read."""


@dataclass(frozen=True)
class Labels:
    """The table of labels.

    Attributes
    ----------
    table
        As `LABELS_SCHEMA` says, sorted by SOP Instance UID.
    csv
        Name of the file it was made from.
    """

    table: pa.Table
    csv: str


@dataclass(frozen=True)
class Index:
    """The table of images.

    Attributes
    ----------
    table
        As `INDEX_SCHEMA` says, sorted by `SORTED_BY`.
    images
        The folder or the zip that `source` is relative to.
    fingerprint
        SHA-256 of all rows: what was made from an index with another fingerprint is stale.
    """

    table: pa.Table
    images: Path
    fingerprint: str


def fingerprint(table: pa.Table) -> str:
    """Return the SHA-256 of a table's rows, hexadecimal."""
    found = hashlib.sha256()
    sink = pa.PythonFile(_Hashing(found), mode="w")
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as stream:
        stream.write_table(table.combine_chunks().replace_schema_metadata(None), max_chunksize=1 << 16)
    return found.hexdigest()


class _Hashing:
    """A file that keeps nothing but the digest of what is written."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: all is digested at once."""

    def close(self) -> None:
        """Do nothing: there is no file."""


def write_labels(folder: Path, labels: Labels) -> Path:
    """Write `labels.parquet`; it appears under its name only when complete."""
    return _write(folder / LABELS_FILE, labels.table, LABELS_SCHEMA, {"csv": labels.csv})


def write_labels_csv(folder: Path, labels: Labels) -> Path:
    """Write `labels.csv`, the same rows with 0 and 1."""
    path = folder / LABELS_CSV
    numbers = [pa.field("sop_instance_uid", pa.string())] + [pa.field(str(label), pa.uint8()) for label in LABELS]
    with complete_file(path) as partial:
        pa_csv.write_csv(labels.table.cast(pa.schema(numbers)), partial, pa_csv.WriteOptions(quoting_style="none"))
    return path


def read_labels(path: Path) -> Labels:
    """Read the table of labels, from its file or the folder that holds it.

    Raises
    ------
    TableError
        When it is missing, damaged or of another format.
    """
    table, metadata = _read(
        path / LABELS_FILE if path.is_dir() else path, LABELS_SCHEMA, "triage-node-train rsna labels"
    )
    return Labels(table, str(metadata.get("csv", "")))


def write_index(folder: Path, index: Index) -> Path:
    """Write `index.parquet`; it appears under its name only when complete."""
    metadata = {"images": str(index.images), "fingerprint": index.fingerprint}
    return _write(folder / INDEX_FILE, index.table, INDEX_SCHEMA, metadata)


def read_index(path: Path) -> Index:
    """Read the table of images, from its file or the folder that holds it; raises as `read_labels` does."""
    table, metadata = _read(path / INDEX_FILE if path.is_dir() else path, INDEX_SCHEMA, "triage-node-train rsna index")
    return Index(table, Path(str(metadata["images"])), str(metadata["fingerprint"]))


def _write(path: Path, table: pa.Table, schema: pa.Schema, entries: Mapping[str, str]) -> Path:
    metadata = {METADATA_KEY: json.dumps({"format": FORMAT_VERSION, **entries}).encode()}
    with complete_file(path) as partial:
        pq.write_table(table.cast(schema).replace_schema_metadata(metadata), partial, compression="zstd")
    return path


def _read(path: Path, schema: pa.Schema, command: str) -> tuple[pa.Table, dict[str, object]]:
    if not path.is_file():
        raise TableError(f"{path} is not there: make it with {command}.", path=path)
    try:
        table = pq.read_table(os.fspath(path))
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{path} cannot be read ({error}): make it anew with {command}.", path=path) from error
    metadata = json.loads((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
    if metadata.get("format") != FORMAT_VERSION or not table.schema.equals(schema):
        raise TableError(f"{path} has another format than this version reads: make it anew with {command}.", path=path)
    return table.replace_schema_metadata(None), metadata
