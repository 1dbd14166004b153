"""The processes of a scan under Ray, which places them on processors and GPUs and starts them again when they die."""

import logging
import os
import secrets
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
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

OBJECT_STORE_BYTES = 200 << 20
"""What goes between processes is names and rows; images go from the archive to who analyzes them."""
WORKER_BYTES = 1_500 << 20
"""What an analyzing process holds, and some room."""
BATCHES_A_PROCESSOR = 2
FOLDER_PREFIX = "triage-ray-"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""What the libraries of the forward pass read when they are loaded: how many threads they may have."""


class RayEngine:
    """Run a scan's processes on a cluster of Ray, one of this machine or one that runs already.

    Used in a ``with`` statement: there is a cluster within it.

    Raises
    ------
    SettingsError
        Ray is not installed, or the cluster has no room.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._environment = dict.fromkeys(THREADS, str(cluster.threads))
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        # Read by Ray when it is imported: nobody is told that it was used.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        try:
            import ray
        except ImportError as error:
            raise SettingsError("Ray is not installed: pip install 'triage-node[ray]'.") from error
        self._ray: Any = ray
        logging.getLogger("ray").setLevel(logging.ERROR)
        with ExitStack() as started:
            if self._cluster.address:
                self._join()
            else:
                self._start(started)
            started.callback(ray.shutdown)
            self._exit = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _join(self) -> None:
        try:
            self._ray.init(self._cluster.address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, ValueError) as error:
            raise SettingsError(f"There is no cluster of Ray at {self._cluster.address}: {error}") from error

    def _start(self, started: ExitStack) -> None:
        """Start a cluster for this machine and this scan; what its processes inherit is set before."""
        folder = started.enter_context(self._own_folder())
        # A key for this cluster alone: without one Ray would leave its own in the user's home.
        os.environ.setdefault("RAY_AUTH_TOKEN", _own_key())
        inherited = {"TMPDIR": folder, **self._environment}
        before = {name: os.environ.get(name) for name in inherited}
        os.environ.update(inherited)
        started.callback(_restore, before)
        self._ray.init(
            num_cpus=max(os.cpu_count() or 1, self._cluster.workers * self._cluster.threads),
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            _temp_dir=folder,
            _node_ip_address="127.0.0.1",
        )

    @contextmanager
    def _own_folder(self) -> Iterator[str]:
        """Have a folder for what Ray and the analyzers write, and remove the one that a killed scan left."""
        note = self._cluster.folder_note
        if note is not None and note.exists():
            left = Path(note.read_text())
            if left.name.startswith(FOLDER_PREFIX):
                shutil.rmtree(left, ignore_errors=True)
        folder = tempfile.mkdtemp(prefix=FOLDER_PREFIX)
        if note is not None:
            note.write_text(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if note is not None:
                note.unlink(missing_ok=True)

    def index(self, archive: Archive, batches: Iterable[Batch]) -> Iterator[tuple[Batch, pa.Table]]:
        """Read the headers of each batch, and yield its rows; in the order of the batches."""
        read, shared = self._ray.remote(num_cpus=1)(_index), self._ray.put(archive)
        most = BATCHES_A_PROCESSOR * int(self._resource("CPU"))
        waiting: deque[tuple[Batch, Any]] = deque()
        for batch in batches:
            waiting.append((batch, read.remote(shared, batch)))
            if len(waiting) >= most:
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def analyze(self, options: AnalyzerOptions, tasks: Iterable[Task]) -> Iterator[Sequence[StudyRows | Task]]:
        """Analyze studies, and yield the rows of those that are answered, as they come, or the task given up."""
        gpus = self._resource("GPU")
        needs = {"num_cpus": self._cluster.threads, "num_gpus": self._cluster.gpu_share if gpus else 0}
        # What was started here inherits it; elsewhere Ray sets it, which takes longer.
        elsewhere = {"runtime_env": {"env_vars": self._environment}} if self._cluster.address else {}
        actor = self._ray.remote(LoadedAnalyzer).options(
            **needs,
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=2,
            **elsewhere,
        )
        actors = [actor.remote(options) for _ in range(self._workers(gpus))]
        pool = RayPool(self._ray, actors, self._cluster.longest_seconds)
        yield from pool.run(tasks)

    def _workers(self, gpus: float) -> int:
        cluster, processors = self._cluster, int(self._resource("CPU"))
        if not cluster.workers:
            room = min(processors // cluster.threads, int(self._resource("memory")) // WORKER_BYTES)
            return max(1, min(room, int(gpus / cluster.gpu_share)) if gpus else room)
        wanted, there = cluster.workers * cluster.threads, processors
        if wanted > there:
            raise SettingsError(f"{cluster.workers} workers need {wanted} processors; the cluster has {there}.")
        if gpus and cluster.workers * cluster.gpu_share > gpus:
            raise SettingsError(f"{cluster.workers} workers need more than the {gpus:g} GPUs of the cluster.")
        return cluster.workers

    def _resource(self, name: str) -> float:
        return float(self._ray.cluster_resources().get(name, 0))

    def _first(self, waiting: deque[tuple[Batch, Any]]) -> tuple[Batch, pa.Table]:
        batch, result = waiting.popleft()
        return batch, as_raised(self._ray, result)


def as_raised(ray: Any, result: Any) -> Any:
    """Return a result of Ray, or raise what was raised there."""
    try:
        return ray.get(result)
    except ray.exceptions.RayTaskError as error:
        raise error.as_instanceof_cause() from error


@cache
def _own_key() -> str:
    """Return the key of this process' clusters; Ray reads it once."""
    return secrets.token_hex(32)


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _index(archive: Archive, batch: Batch) -> pa.Table:
    return as_table(archive.index(batch))
