"""A shard of real series on disk: an array of slices, and a table that says which image went where."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.findings import LABELS

NO_PLANE = -1
SCHEMA = pa.schema(
    [
        ("sop_instance_uid", pa.string()),
        ("patient_id", pa.string()),
        ("study_instance_uid", pa.string()),
        ("series_instance_uid", pa.string()),
        ("plane", pa.int32()),  # row of the array; `NO_PLANE` where the image was refused
        ("below", pa.int32()),  # rows of the neighbors that the network sees beside it
        ("above", pa.int32()),
        ("area_cm2", pa.float32()),
        ("median_hu", pa.float32()),
        ("slice_mm", pa.float32()),  # empty in shards from before it was kept
        ("magnification", pa.float32()),  # the same
        ("reason", pa.string()),  # why it was refused, "" where it was not
        *((str(label), pa.bool_()) for label in LABELS),
        ("has_label", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class ShardPaths:
    """Where a shard lies; it is complete when its table is there, which is written last."""

    planes: Path
    table: Path

    @classmethod
    def of(cls, folder: Path, number: int) -> "ShardPaths":
        """Return the files of a shard."""
        return cls(folder / f"shard-{number:05d}.npy", folder / f"shard-{number:05d}.parquet")

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.table.exists()


def write_shard(paths: ShardPaths, planes: np.ndarray, table: pa.Table) -> None:
    """Write a shard; each file appears under its name only when complete, the table last.

    Raises
    ------
    StorageFull, StorageError
        When the disk is full or refuses; what was complete before stays valid.
    """
    with complete_file(paths.planes) as partial, partial.open("wb") as stream:
        np.save(stream, planes, allow_pickle=False)
    with complete_file(paths.table) as partial:
        pq.write_table(table, partial)


def read_table(path: Path) -> pa.Table:
    """Return the table of a shard.

    Raises
    ------
    TriageError
        When it cannot be read.
    """
    try:
        return pq.read_table(path, schema=SCHEMA)
    except (OSError, pa.ArrowException) as error:
        raise TriageError(f"The shard table {path} could not be read: {error}") from error
