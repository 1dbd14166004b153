"""What a scan needs of whoever runs its processes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from triage_node.archive.analyzer import AnalyzerOptions, Task
from triage_node.archive.archive import Archive
from triage_node.archive.entries import Batch
from triage_node.archive.result_rows import StudyRows


@dataclass(frozen=True)
class Cluster:
    """Where processes run, and how many.

    Attributes
    ----------
    address
        Of a running cluster; "" starts one of this machine for as long as the scan takes.
    workers
        How many processes analyze; 0 is one a GPU, or without one as many as processors and memory have room for.
    threads
        How many processors each of them uses.
    gpu_share
        Which part of a GPU each has, where there are GPUs.
    longest_seconds
        A process that is busy with a study for longer is ended.
    folder_note
        A file that says where a cluster of this machine writes, for whoever comes after it was killed.
    """

    address: str = ""
    workers: int = 0
    threads: int = 1
    gpu_share: float = 1.0
    longest_seconds: float = 600.0
    folder_note: Path | None = None


class Engine(Protocol):
    """Runs the processes of a scan."""

    def index(self, archive: Archive, batches: Iterable[Batch]) -> Iterator[tuple[Batch, pa.Table]]:
        """Read the headers of each batch, and yield its rows; in the order of the batches."""

    def analyze(self, options: AnalyzerOptions, tasks: Iterable[Task]) -> Iterator[Sequence[StudyRows | Task]]:
        """Analyze studies, and yield the rows of those that are answered, as they come, or the task given up."""
