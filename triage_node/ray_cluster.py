"""A cluster of Ray, one of this machine that is started for as long as it is used, or one that runs already."""

import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from triage_node.errors import SettingsError

OBJECT_STORE_BYTES = 200 << 20
"""What goes between processes is settings, names and rows; no image does."""
CONNECT_SECONDS = 10.0
FOLDER_PREFIX = "triage-ray-"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""What the libraries of the forward pass read when they are loaded: how many threads they may have."""


@dataclass(frozen=True)
class ClusterOptions:
    """Which cluster, and what its processes have.

    Attributes
    ----------
    address
        Of a running cluster; "" starts one of this machine.
    threads
        How many threads each process has for its arithmetic.
    processors
        As many has a cluster of this machine at least.
    folder_note
        A file that says where a cluster of this machine writes, for whoever comes after it was killed.
    """

    address: str = ""
    threads: int = 1
    processors: int = 1
    folder_note: Path | None = None


class RayCluster:
    """Used in a ``with`` statement: the cluster is there within it.

    Raises
    ------
    SettingsError
        Ray is not installed, or there is no such cluster.

    Attributes
    ----------
    ray
        The library.
    """

    def __init__(self, options: ClusterOptions) -> None:
        self._options = options
        self._environment = dict.fromkeys(THREADS, str(options.threads))
        self._exit = ExitStack()
        self.ray: Any = None

    def __enter__(self) -> Self:
        require_ray()
        if self._options.address:
            _knock(self._options.address)
        # Read by Ray when it is imported: nobody is told that it was used.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        import ray

        self.ray = ray
        logging.getLogger("ray").setLevel(logging.ERROR)
        with ExitStack() as started:
            if self._options.address:
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

    def resource(self, name: str) -> float:
        """Return how much the cluster has in all of ``CPU``, ``GPU`` or ``memory`` (bytes)."""
        return float(self.ray.cluster_resources().get(name, 0))

    @property
    def actor_options(self) -> Mapping[str, Any]:
        """What an actor must be started with: what was started here inherits it; elsewhere Ray sets it."""
        return {"runtime_env": {"env_vars": self._environment}} if self._options.address else {}

    @property
    def on_this_machine(self) -> Mapping[str, Any]:
        """What an actor must be started with that stays on the machine of this program."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        own = self.ray.get_runtime_context().get_node_id()
        return {"scheduling_strategy": NodeAffinitySchedulingStrategy(own, soft=False)}

    def _join(self) -> None:
        address = self._options.address
        try:
            self.ray.init(address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise SettingsError(f"There is no cluster of Ray at {address}, or none to be joined: {error}") from error

    def _start(self, started: ExitStack) -> None:
        """Start a cluster for this machine and this use; what its processes inherit is set before."""
        folder = started.enter_context(self._own_folder())
        # A key for this cluster alone: without one Ray would leave its own in the user's home.
        os.environ.setdefault("RAY_AUTH_TOKEN", _own_key())
        inherited = {"TMPDIR": folder, **self._environment}
        before = {name: os.environ.get(name) for name in inherited}
        os.environ.update(inherited)
        started.callback(_restore, before)
        self.ray.init(
            num_cpus=max(os.cpu_count() or 1, self._options.processors),
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            _temp_dir=folder,
            _node_ip_address="127.0.0.1",
        )

    @contextmanager
    def _own_folder(self) -> Iterator[str]:
        """Have a folder for what Ray and its processes write, and remove the one that a killed program left."""
        note = self._options.folder_note
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


def require_ray() -> None:
    """Do nothing where Ray is installed.

    Raises
    ------
    SettingsError
        It is not.
    """
    if find_spec("ray") is None:
        raise SettingsError("Ray is not installed: pip install 'triage-node[ray]'.")


def _knock(address: str) -> None:
    """See whether somebody listens there, which Ray would do for minutes.

    Raises
    ------
    SettingsError
        Nobody does.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        return  # `auto`, which Ray finds out
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise SettingsError(f"There is no cluster of Ray at {address}: {error}.") from error


def cause_of(error: Exception) -> str:
    """Return what an actor raised when it was made; Ray tells it at the end of a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


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
