"""The files of each study together, on disk: a study may lie scattered over the whole archive."""

import json
import shutil
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from triage_node.archive.index_rows import SCHEMA
from triage_node.archive.parts import Parts
from triage_node.complete_file import complete_file

ROWS_A_BUCKET = 500_000
"""So many rows are sorted in memory, some 100 MB; a study lies in one bucket as a whole."""
FEWEST_ROWS_A_GROUP = 500_000
COUNT_FILE = "count.json"
ORDER = [("study_instance_uid", "ascending"), ("name", "ascending")]


@dataclass(frozen=True)
class ListedStudy:
    """A study as the archive has it.

    Attributes
    ----------
    number
        Its place in the list.
    names
        Its files.
    received
        How many instances it has of each series, by Series Instance UID; empty where the archive lists studies only.
    """

    number: int
    study_instance_uid: str
    names: tuple[bytes, ...]
    received: dict[str, int] = field(default_factory=dict)


class StudyList:
    """All studies of an archive, in an order of their own; made once, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = Parts(folder)

    @property
    def is_made(self) -> bool:
        """Tell whether the list is there."""
        return (self.folder / COUNT_FILE).exists()

    @property
    def count(self) -> int:
        """How many studies there are."""
        return int(json.loads((self.folder / COUNT_FILE).read_text())["studies"])

    def make(self, index: Parts, rows: int) -> None:
        """Sort the instances of an index by study, a part of them at a time.

        Parameters
        ----------
        rows
            How many the index has.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        buckets = self.folder / "buckets"
        buckets.mkdir(parents=True)
        number = -(-rows // ROWS_A_BUCKET) or 1
        _distribute(index, buckets, number)
        studies = 0
        for bucket, path in enumerate(sorted(buckets.iterdir())):
            table = pq.ParquetFile(path).read().sort_by(ORDER)
            numbers = _numbers(table["study_instance_uid"], studies)
            self._parts.write(bucket, table.append_column("study_number", pa.array(numbers)))
            studies = int(numbers[-1]) + 1
        shutil.rmtree(buckets)
        with complete_file(self.folder / COUNT_FILE) as partial:
            partial.write_text(json.dumps({"studies": studies}))

    def studies(self, is_done: np.ndarray) -> Iterator[ListedStudy]:
        """Yield the studies that are not done.

        Parameters
        ----------
        is_done
            ``(count,) bool``.
        """
        for number, rows in groupby(self._rows(is_done), key=lambda row: row["study_number"]):
            gathered = list(rows)
            yield ListedStudy(
                number,
                gathered[0]["study_instance_uid"],
                tuple(row["name"] for row in gathered),
                _received(gathered),
            )

    def _rows(self, is_done: np.ndarray) -> Iterator[dict[str, Any]]:
        for table in self._parts.tables():
            numbers = table["study_number"].to_numpy()
            yield from table.filter(pa.array(~is_done[numbers])).to_pylist()


def _distribute(index: Parts, folder: Path, buckets: int) -> None:
    """Write the instances to files, each study to one of them."""
    writers: dict[int, pq.ParquetWriter] = {}
    try:
        for table in _large(index):
            by_study = table["study_instance_uid"].combine_chunks().dictionary_encode()
            bucket_of = [zlib.crc32(uid.encode()) % buckets for uid in by_study.dictionary.to_pylist()]
            of_row = np.array(bucket_of, np.int64)[by_study.indices.to_numpy()]
            for bucket in np.unique(of_row).tolist():
                if bucket not in writers:
                    writers[bucket] = pq.ParquetWriter(folder / f"{bucket:06d}.parquet", SCHEMA, compression="zstd")
                writers[bucket].write_table(table.filter(pa.array(of_row == bucket)))
    finally:
        for writer in writers.values():
            writer.close()


def _large(index: Parts) -> Iterator[pa.Table]:
    """Yield the instances of an index in tables of some size: each becomes a group of rows in a file."""
    gathered: list[pa.Table] = []
    for table in index.tables():
        gathered.append(table.filter(pc.equal(table["why"], "")))
        if sum(map(len, gathered)) >= FEWEST_ROWS_A_GROUP:
            yield pa.concat_tables(gathered)
            gathered = []
    if sum(map(len, gathered)):
        yield pa.concat_tables(gathered)


def _numbers(uids: pa.ChunkedArray, first: int) -> np.ndarray:
    """Return for each row of sorted studies the number of its study."""
    values = uids.combine_chunks()
    changes = np.zeros(len(values), np.int64)
    changes[1:] = pc.not_equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False)
    return first + np.cumsum(changes)


def _received(rows: list[dict[str, Any]]) -> dict[str, int]:
    instances = defaultdict(set)
    for row in rows:
        if row["series_instance_uid"]:
            instances[row["series_instance_uid"]].add(row["sop_instance_uid"])
    return {uid: len(found) for uid, found in instances.items()}
