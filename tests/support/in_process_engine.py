"""A scan's work done in the process of the test, with the real analyzer: for what needs no second process."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import pyarrow as pa

from triage_node.archive.analyzer import AnalyzerOptions, StudyAnalyzer, Task
from triage_node.archive.archive import Archive
from triage_node.archive.entries import Batch
from triage_node.archive.index_rows import as_table
from triage_node.archive.result_rows import StudyRows
from triage_node.imaging import Policy
from triage_node.pipeline import Model


class Ended(Exception):
    """The engine ended, as a killed process does."""


class InProcessEngine:
    """Index and analyze in turn, and end after some studies where that is asked for."""

    def __init__(self, model: Model, ends_after: int | None = None) -> None:
        self._model = model
        self._ends_after = ends_after
        self.indexed: list[str] = []
        self.analyzed: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def index(self, archive: Archive, batches: Iterable[Batch]) -> Iterator[tuple[Batch, pa.Table]]:
        for batch in batches:
            self.indexed += [one.name for one in batch.entries]
            yield batch, as_table(archive.index(batch))

    def analyze(self, options: AnalyzerOptions, tasks: Iterable[Task]) -> Iterator[list[StudyRows]]:
        analyzer = StudyAnalyzer(options, self._model, Policy())
        for task in tasks:
            if len(self.analyzed) == self._ends_after:
                raise Ended
            self.analyzed.append(task.study.study_instance_uid)
            yield [analyzer.analyze(task)]
