"""The processes of a scan under Ray, which places them on processors and GPUs and starts them again when they die."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from triage_node.archive.analyzer import AnalyzerOptions, LoadedAnalyzer, Task
from triage_node.archive.archive import Archive
from triage_node.archive.engine import Cluster
from triage_node.archive.entries import Batch
from triage_node.archive.index_rows import as_table
from triage_node.archive.ray_pool import RayPool
from triage_node.archive.result_rows import StudyRows
from triage_node.errors import SettingsError
from triage_node.ray_cluster import ClusterOptions, RayCluster

WORKER_BYTES = 1_500 << 20
"""What an analyzing process holds, and some room."""
BATCHES_A_PROCESSOR = 2


class RayEngine:
    """Run a scan's processes on a cluster of Ray, one of this machine or one that runs already.

    Used in a ``with`` statement: there is a cluster within it.

    Raises
    ------
    SettingsError
        Ray is not installed, or the cluster has no room.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._wanted = cluster
        processors = cluster.workers * cluster.threads
        options = ClusterOptions(cluster.address, cluster.threads, processors, cluster.folder_note)
        self._cluster = RayCluster(options)

    def __enter__(self) -> Self:
        self._cluster.__enter__()
        self._ray = self._cluster.ray
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cluster.__exit__(kind, error, trace)

    def index(self, archive: Archive, batches: Iterable[Batch]) -> Iterator[tuple[Batch, pa.Table]]:
        """Read the headers of each batch, and yield its rows; in the order of the batches."""
        read, shared = self._ray.remote(num_cpus=1)(_index), self._ray.put(archive)
        most = BATCHES_A_PROCESSOR * int(self._cluster.resource("CPU"))
        waiting: deque[tuple[Batch, Any]] = deque()
        for batch in batches:
            waiting.append((batch, read.remote(shared, batch)))
            if len(waiting) >= most:
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def analyze(self, options: AnalyzerOptions, tasks: Iterable[Task]) -> Iterator[Sequence[StudyRows | Task]]:
        """Analyze studies, and yield the rows of those that are answered, as they come, or the task given up."""
        gpus = self._cluster.resource("GPU")
        needs = {"num_cpus": self._wanted.threads, "num_gpus": self._wanted.gpu_share if gpus else 0}
        actor = self._ray.remote(LoadedAnalyzer).options(
            **needs,
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=2,
            **self._cluster.actor_options,
        )
        actors = [actor.remote(options) for _ in range(self._workers(gpus))]
        pool = RayPool(self._ray, actors, self._wanted.longest_seconds)
        yield from pool.run(tasks)

    def _workers(self, gpus: float) -> int:
        cluster, processors = self._wanted, int(self._cluster.resource("CPU"))
        if not cluster.workers:
            room = min(processors // cluster.threads, int(self._cluster.resource("memory")) // WORKER_BYTES)
            return max(1, min(room, int(gpus / cluster.gpu_share)) if gpus else room)
        wanted, there = cluster.workers * cluster.threads, processors
        if wanted > there:
            raise SettingsError(f"{cluster.workers} workers need {wanted} processors; the cluster has {there}.")
        if gpus and cluster.workers * cluster.gpu_share > gpus:
            raise SettingsError(f"{cluster.workers} workers need more than the {gpus:g} GPUs of the cluster.")
        return cluster.workers

    def _first(self, waiting: deque[tuple[Batch, Any]]) -> tuple[Batch, pa.Table]:
        batch, result = waiting.popleft()
        return batch, as_raised(self._ray, result)


def as_raised(ray: Any, result: Any) -> Any:
    """Return a result of Ray, or raise what was raised there."""
    try:
        return ray.get(result)
    except ray.exceptions.RayTaskError as error:
        raise error.as_instanceof_cause() from error


def _index(archive: Archive, batch: Batch) -> pa.Table:
    return as_table(archive.index(batch))
