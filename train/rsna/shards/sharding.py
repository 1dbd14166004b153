"""Shards of a whole index: in several processes, each shard once, none lost when the work is cut off."""

import json
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.models import Geometry
from triage_node.train.rsna.dataset.indexed_series import IndexedSeries, series_between, series_starts
from triage_node.train.rsna.dataset.processes import in_processes
from triage_node.train.rsna.dataset.tables import Index
from triage_node.train.rsna.shards.reading import images_of_process, read_series
from triage_node.train.rsna.shards.shard import SCHEMA, ShardPaths, read_table, write_shard

SHARDS_FOLDER, DESCRIPTION = "shards", "cache.json"
SERIES_PER_SHARD = 16


@dataclass(frozen=True)
class ShardJob:
    """What a process needs to make one shard."""

    number: int
    series: tuple[IndexedSeries, ...]
    root: Path
    folder: Path
    geometry: Geometry


@dataclass(frozen=True)
class ShardCount:
    """What a shard holds: images, those refused, and slices."""

    images: int
    refused: int


def _count(table: pa.Table) -> ShardCount:
    return ShardCount(table.num_rows, sum(map(bool, table["reason"].to_pylist())))


def _description(index: Index, geometry: Geometry, shards: int) -> dict[str, Any]:
    return {"geometry": asdict(geometry), "shards": shards, "index": index.fingerprint}


def _check_description(folder: Path, wanted: dict[str, Any]) -> None:
    """Begin a cache, or refuse to go on with one that was made from something else."""
    path = folder / DESCRIPTION
    if not path.exists():
        with complete_file(path) as partial:
            partial.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
        return
    found = read_description(folder)
    if found["geometry"] != wanted["geometry"]:
        raise TriageError(
            f"The cache {folder} was made with another geometry, {found['geometry']}: use another folder."
        )
    if found != wanted:
        raise TriageError(f"The cache {folder} was made from another index: use another folder, or remove it.")


def read_description(folder: Path) -> dict[str, Any]:
    """Return what a cache says of itself.

    Raises
    ------
    TriageError
        When the folder is no cache.
    """
    try:
        content = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return {"geometry": dict(content["geometry"]), "shards": int(content["shards"]), "index": content["index"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TriageError(f"The folder {folder} holds no shards: run `triage-node-train rsna shards` first.") from error


def make_shard(job: ShardJob) -> ShardCount:
    """Read the series of a shard and write it."""
    import cv2

    cv2.setNumThreads(1)  # the processes share the cores among them already
    parts, rows, total = [], [], 0
    for series in job.series:
        planes, found = read_series(series, images_of_process(job.root), job.geometry, total)
        parts.append(planes)
        rows += found
        total += len(planes)
    table = pa.Table.from_pylist(rows, SCHEMA)
    write_shard(ShardPaths.of(job.folder, job.number), np.concatenate(parts), table)
    return _count(table)


@dataclass(frozen=True)
class Sharding:
    """The shards of one index, made or still to be made.

    Attributes
    ----------
    index
        The images.
    folder
        Receives the shards.
    geometry
        Frame of the slices, that of the network.
    series_per_shard
        How many series share a file: what is lost at most, for each process, when the work is cut off.
    """

    index: Index
    folder: Path
    geometry: Geometry
    series_per_shard: int = SERIES_PER_SHARD

    def make(self, workers: int) -> Iterator[ShardCount]:
        """Yield the count of each shard, first of those that are there already.

        Raises
        ------
        TriageError
            When the folder holds shards of another index or geometry, or an archive cannot be read.
        StorageFull, StorageError
            When the disk does not take a shard.
        """
        starts = series_starts(self.index.table)
        numbers = range(-(-(len(starts) - 1) // self.series_per_shard))
        _check_description(self.folder, _description(self.index, self.geometry, len(numbers)))
        missing = []
        for number in numbers:
            paths = ShardPaths.of(self.folder, number)
            if paths.complete:
                yield _count(read_table(paths.table))
            else:
                missing.append(number)
        try:
            yield from in_processes(make_shard, (self._job(number, starts) for number in missing), workers)
        except BrokenProcessPool as error:
            raise TriageError(
                f"A process that made {self.folder} was ended: call again, what is done is kept."
            ) from error

    def _job(self, number: int, starts: list[int]) -> ShardJob:
        first = number * self.series_per_shard
        series = tuple(series_between(self.index.table, starts, first, first + self.series_per_shard))
        return ShardJob(number, series, self.index.images, self.folder, self.geometry)
