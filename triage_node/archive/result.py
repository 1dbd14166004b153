"""The result of a scan in its folder: Parquet parts, and what was answered since the last of them."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from triage_node.archive.parts import Parts
from triage_node.archive.result_rows import SKIPPED, StudyRows, series_schema
from triage_node.complete_file import storage_errors, sync_folder

STUDIES_A_PART = 1_000
JOURNAL = "open-{:08d}.jsonl"


class Result:
    """The tables `series` and `skipped` of a scan.

    A study is written as a line to a journal, durably, once it is answered; a part is made of every `STUDIES_A_PART`
    lines. Whenever the process is killed, a study is there as a whole or not at all, and never twice.

    Parameters
    ----------
    folder
        The folder of the result.
    with_patient
        Whether rows say who the patient is.
    """

    def __init__(self, folder: Path, with_patient: bool) -> None:
        self._folder = folder
        self._schema = series_schema(with_patient)
        self.series = Parts(folder / "series")
        self.skipped = Parts(folder / "skipped")
        self.listing = Parts(folder / "skipped", "listing")
        self._open: list[StudyRows] = []
        self._number = 0

    def recover(self) -> None:
        """Take up what an earlier process left, the line excepted in which it was killed."""
        for parts in (self.series, self.skipped):
            parts.folder.mkdir(parents=True, exist_ok=True)
            parts.sweep()
        journals = sorted(self._folder.glob("open-*.jsonl"))
        self._number = int(journals[0].stem.rpartition("-")[2]) if journals else self.series.count
        if not journals:
            return
        self._open = list(_whole_lines(journals[0]))
        if self.series.has(self._number):  # killed between the part and the end of its journal
            self.close_part()

    def done(self, count: int) -> np.ndarray:
        """Return ``(count,) bool``: which studies have their answer."""
        is_done = np.zeros(count, bool)
        for table in self.series.tables(["study_number"]):
            is_done[table["study_number"].to_numpy()] = True
        is_done[[one.number for one in self._open]] = True
        return is_done

    def add(self, answered: Sequence[StudyRows]) -> None:
        """Keep what was answered; it is durable when this returns.

        Raises
        ------
        StorageError
            The disk does not take it.
        """
        path = self._folder / JOURNAL.format(self._number)
        is_new = not path.exists()
        with storage_errors(f"write to {path}"), path.open("ab") as file:
            file.write(b"".join(json.dumps(asdict(one)).encode() + b"\n" for one in answered))
            file.flush()
            os.fsync(file.fileno())
            if is_new:
                sync_folder(self._folder)
        self._open += answered
        if len(self._open) >= STUDIES_A_PART:
            self.close_part()

    def close_part(self) -> None:
        """Make a part of what was answered since the last; none when that is nothing."""
        if not self._open:
            return
        skipped = [row for one in self._open for row in one.skipped]
        if skipped:
            self.skipped.write(self._number, pa.Table.from_pylist(skipped, SKIPPED))
        rows = [row for one in self._open for row in one.series]
        self.series.write(self._number, pa.Table.from_pylist(rows, self._schema))
        (self._folder / JOURNAL.format(self._number)).unlink()
        self._open = []
        self._number += 1

    def keep_listing(self, tables: Iterable[pa.Table]) -> None:
        """Write what the listing left out; `tables` have columns of `SKIPPED`."""
        for number, table in enumerate(tables):
            self.listing.write(number, table.cast(SKIPPED))

    def skipped_tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield what has no part in any series, by listing and by analysis."""
        yield from self.listing.tables(columns)
        yield from self.skipped.tables(columns)


def _whole_lines(path: Path) -> Iterator[StudyRows]:
    """Yield the studies of a journal, and cut off the line that is not whole."""
    end = 0
    with path.open("r+b") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            yield StudyRows(**json.loads(line))
        file.truncate(end)
