"""A scan from the first folder to the last row, in one sentence: list, group, analyze, sum up."""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage_node.archive.analyzer import AnalyzerOptions, Task, damaged_beside, shown
from triage_node.archive.archive import Archive
from triage_node.archive.engine import Engine
from triage_node.archive.parts import Parts
from triage_node.archive.result import Result
from triage_node.archive.result_rows import SKIPPED, StudyRows, row_without_series
from triage_node.archive.study_list import StudyList
from triage_node.archive.summary import Summary, summarize
from triage_node.complete_file import complete_file
from triage_node.errors import FolderInUse, SettingsError
from triage_node.findings import ModelIdentity
from triage_node.reasons import Reason, ReasonCode
from triage_node.storage import hold

SCAN_FILE, INDEX_FILE, SUMMARY_FILE = "scan.json", "complete.json", "summary.json"
FORMAT = 1
GIVEN_UP = "The process that analyzed it ended, again and again."

Progress = Callable[[str, int, int | None], None]
"""Is told what is done, how many, and of how many where that is known."""


@dataclass(frozen=True)
class ScanOptions:
    """What a scan was asked for.

    Attributes
    ----------
    out
        Folder of the result.
    model
        Name or folder of the model, and `identity` which one that is.
    with_patient
        Whether rows say who the patient is.
    """

    out: Path
    model: str
    identity: ModelIdentity
    with_patient: bool = False


class ArchiveScan:
    """Scan an archive into a folder, or go on with a scan that ended before it was complete."""

    def __init__(self, archive: Archive, options: ScanOptions, progress: Progress) -> None:
        self._archive = archive
        self._options = options
        self._progress = progress
        self._result = Result(options.out, options.with_patient)
        self._index = Parts(options.out / "index")
        self._studies = StudyList(options.out / "studies")

    @property
    def is_complete(self) -> bool:
        """Tell whether the folder has the whole result."""
        return (self._options.out / SUMMARY_FILE).exists()

    def run(self, start: Callable[[], AbstractContextManager[Engine]]) -> Summary:
        """List, group, analyze what has no answer yet, and sum up.

        Parameters
        ----------
        start
            Starts the processes; called if there is anything to do.

        Raises
        ------
        SettingsError
            The folder has the result of another scan.
        FolderInUse
            Another process writes to it.
        StorageError
            The disk does not take what was found; started again the scan goes on.
        PeerUnreachable
            The archive does not answer; started again the scan goes on.
        """
        with self._held():
            if not self.is_complete:
                self._result.recover()
                with start() as engine:
                    self._list(engine)
                    self._group()
                    self._analyze(engine)
                self._sum_up()
            for folder in (self._index.folder, self._studies.folder):
                shutil.rmtree(folder, ignore_errors=True)
            return Summary.read(self._options.out / SUMMARY_FILE)

    @contextmanager
    def _held(self) -> Iterator[None]:
        out = self._options.out
        try:
            lock = hold(out)
        except FolderInUse as error:
            raise FolderInUse(f"Another scan writes to {out}.") from error
        with closing(lock):
            self._check_same_scan()
            yield

    def _check_same_scan(self) -> None:
        """Refuse to mix the answers of two models, or the studies of two archives."""
        path, options = self._options.out / SCAN_FILE, self._options
        asked = {
            "format": FORMAT,
            "source": self._archive.name,
            "model": options.identity.sha256,
            "patient": options.with_patient,
        }
        if not path.exists():
            with complete_file(path) as partial:
                partial.write_text(json.dumps(asked, indent=1))
            return
        there = json.loads(path.read_text())
        for name, value in asked.items():
            if there.get(name) != value:
                raise SettingsError(
                    f"{options.out} has a scan with {name} {there.get(name)!r}, not {value!r}: take another folder."
                )

    def _list(self, engine: Engine) -> None:
        done = self._index.folder / INDEX_FILE
        if done.exists() or self._studies.is_made:
            return
        self._index.sweep()
        number, cursor = self._index.count, self._index.last_note("cursor")
        rows = sum(map(len, self._index.tables(["is_damaged"])))
        for batch, table in engine.index(self._archive, self._archive.batches(cursor)):
            self._index.write(number, table, {"cursor": batch.cursor})
            number, rows = number + 1, rows + len(table)
            self._progress("Listing", rows, None)
        with complete_file(done) as partial:
            partial.write_text(json.dumps({"rows": rows}))

    def _group(self) -> None:
        if self._studies.is_made:
            return
        self._progress("Grouping by study", 0, None)
        self._result.keep_listing(_left_out(self._index))
        rows = json.loads((self._index.folder / INDEX_FILE).read_text())["rows"]
        self._studies.make(self._index, rows)

    def _analyze(self, engine: Engine) -> None:
        count = self._studies.count
        is_done = self._result.done(count)
        done = int(is_done.sum())
        options = AnalyzerOptions(self._archive, self._options.model, self._options.with_patient)
        self._progress("Analyzing", done, count)
        if done < count:
            for answered in engine.analyze(options, self._tasks(is_done)):
                self._result.add([self._rows(one) for one in answered])
                done += len(answered)
                self._progress("Analyzing", done, count)
        self._result.close_part()

    def _tasks(self, is_done: np.ndarray) -> Iterator[Task]:
        damaged = self._damaged()
        for study in self._studies.studies(is_done):
            yield Task(study, damaged_beside(study, damaged))

    def _damaged(self) -> dict[str, Sequence[tuple[str, str]]]:
        """Return what of the archive is damaged, by folder: name and why."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for table in self._result.listing.tables(["path", "why", "is_damaged"]):
            for row in table.filter(table["is_damaged"]).to_pylist():
                found[row["path"].rpartition("/")[0]].append((row["path"], row["why"]))
        return dict(found)

    def _rows(self, answered: StudyRows | Task) -> StudyRows:
        if isinstance(answered, StudyRows):
            return answered
        study, why = answered.study, Reason.of(ReasonCode.ANALYSIS_FAILED, GIVEN_UP)
        row = row_without_series(study.number, study.study_instance_uid, why, self._options.identity)
        return StudyRows(study.number, [row])

    def _sum_up(self) -> None:
        summary = summarize(self._result, self._studies.count)
        with complete_file(self._options.out / SUMMARY_FILE) as partial:
            partial.write_text(summary.as_json())


def _left_out(index: Parts) -> Iterator[pa.Table]:
    """Yield what the listing left out, as rows of the result."""
    for table in index.tables(["name", "why", "is_damaged"]):
        rows = table.filter(pc.not_equal(table["why"], "")).to_pylist()
        if rows:
            shown_rows = [row | {"path": shown(os.fsdecode(row["name"]))} for row in rows]
            yield pa.Table.from_pylist(shown_rows, SKIPPED)
