"""The node's side of the inference process: start it, hear it, start it again when it dies."""

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from triage_node.config import Settings
from triage_node.errors import StorageError
from triage_node.instrumentation import FinishedAnalysis, Instruments
from triage_node.pipeline.engines import ENGINES
from triage_node.pipeline.restarts import Restarts
from triage_node.worklist import Claims, Worklist

log = logging.getLogger(__name__)

ASKED_TO_END = (-signal.SIGTERM, -signal.SIGINT)
"""How a worker ends that a person or a service manager ended; its study had no part in it."""


@dataclass(frozen=True)
class WorkerStatus:
    """What the worker last said of itself."""

    ready: bool = False
    device: str = ""
    model: str = ""
    version: str = ""
    error: str = ""
    sha256: str = ""


class Supervisor:
    """Keep the program alive that runs the workers; a crash costs its study a try, its end with the node not even that.

    Which program that is says `worker_engine` (`engines`): for the default one it is the worker itself.

    Parameters
    ----------
    node
        Whose worker it is, unlike any other's of the database; by default the node's name.
    instruments
        Count what the worker tells.
    """

    def __init__(
        self,
        settings: Settings,
        worklist: Worklist,
        node: str | None = None,
        instruments: Instruments | None = None,
    ) -> None:
        self._node = node or settings.node_name
        self._settings = settings
        self._instruments = instruments or Instruments()
        self._gpu_memory: Mapping[str, Mapping[str, int]] = {}
        self._worklist = worklist
        self._telling = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._status = WorkerStatus()
        self._changed = threading.Condition()
        self._engine = ENGINES[settings.worker_engine]
        self._restarts = Restarts()
        self._start_after = 0.0

    @property
    def status(self) -> WorkerStatus:
        """What the worker last said."""
        return self._status

    @property
    def gpu_memory(self) -> Mapping[str, Mapping[str, int]]:
        """Bytes by kind (``current``, ``peak``) by GPU, when the worker last finished; none without a GPU."""
        return self._gpu_memory

    @property
    def pid(self) -> int | None:
        """Process id of the worker, None while there is none."""
        return self._process.pid if self._process else None

    def check(self) -> None:
        """Start the worker if there is none; called again and again."""
        if self._process is not None and self._process.poll() is not None:
            self._note_exit(self._process)
        if self._process is None and time.monotonic() >= self._start_after:
            self._launch()

    def wait_ready(self, timeout_seconds: float) -> WorkerStatus:
        """Wait until the worker is ready or says why it is not."""
        with self._changed:
            self._changed.wait_for(lambda: self._status.ready or self._status.error, timeout_seconds)
        return self._status

    def use(self, settings: Settings) -> None:
        """Hand other settings to the worker, and to those that follow; what it cannot take up waits for these."""
        self._settings = settings
        if self._process is not None:
            self._tell(self._process)

    def stop(self) -> None:
        """End the worker; the study in its hands returns to the queue."""
        process, self._process = self._process, None
        self._start_after = float("inf")
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self._engine.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._release(process, self._engine.ended)

    def kill_if_stuck(self) -> None:
        """End a worker that lost its lease, which it renews as long as it lives."""
        losers = self._worklist.claims.release_expired()
        process = self._process
        if process is not None and self._name_of(process) in losers:
            log.error("worker_lost_lease pid=%d", process.pid)
            process.kill()

    def _launch(self) -> None:
        # -P: a checkout's folder triage_node/ must not hide the installed package.
        command = [sys.executable, "-P", "-m", self._engine.module, self._node]
        # A group of its own: Ctrl-C at a terminal goes to all of the node's.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
        self._restarts.started()
        log.info("worker_started pid=%d", self._process.pid)
        threading.Thread(target=self._listen, args=(self._process,), name="worker-messages", daemon=True).start()
        self._tell(self._process)

    def _tell(self, process: "subprocess.Popen[bytes]") -> None:
        """Write the settings; two lines never mix, and the last one is that of the last settings."""
        assert process.stdin is not None
        with self._telling:
            try:
                process.stdin.write(self._settings.model_dump_json().encode() + b"\n")
                process.stdin.flush()
            except (BrokenPipeError, ValueError):  # ValueError: it has ended, and was found to have
                log.error("worker_not_told pid=%d", process.pid)

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                self._hear(json.loads(line))
            except Exception:  # a border: whatever this is, the next line must be heard
                log.info("worker_says text=%s", line.decode(errors="replace").strip())

    def _hear(self, message: dict[str, Any]) -> None:
        if "finished" in message:
            self._instruments.analysis_finished(FinishedAnalysis.read(message["finished"]))
            self._gpu_memory = message["gpu_memory_bytes"]
        else:
            self._set_status(WorkerStatus(**message))

    def _note_exit(self, process: "subprocess.Popen[bytes]") -> None:
        self._instruments.worker_ended()
        pause = self._restarts.ended()
        self._start_after = time.monotonic() + pause
        self._process = None
        why = self._status.error or f"exit code {process.returncode}"
        log.error("worker_died pid=%d restart_in_seconds=%.0f error=%s", process.pid, pause, why)
        self._set_status(WorkerStatus(error=self._status.error))
        self._release(process, self._engine.ended if process.returncode in ASKED_TO_END else self._engine.died)

    def _release(self, process: "subprocess.Popen[bytes]", how: Callable[[Claims, str], object]) -> None:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            how(self._worklist.claims, self._name_of(process))
        except StorageError as error:
            log.error("claims_not_released error=%s", error)

    def _name_of(self, process: "subprocess.Popen[bytes]") -> str:
        return f"{self._node}:{process.pid}"

    def _set_status(self, status: WorkerStatus) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()
