"""The node's side of the inference process: start it, hear it, start it again when it dies."""

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from triage_node.config import Settings
from triage_node.errors import StorageError
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 60.0
STABLE_SECONDS = 60.0
STOP_SECONDS = 5.0
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


class Supervisor:
    """Keep one worker process alive; a crash costs its study a try, its end with the node not even that."""

    def __init__(self, settings: Settings, worklist: Worklist) -> None:
        self._settings = settings
        self._worklist = worklist
        self._telling = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._status = WorkerStatus()
        self._changed = threading.Condition()
        self._started_at = 0.0
        self._start_after = 0.0
        self._failures = 0

    @property
    def status(self) -> WorkerStatus:
        """What the worker last said."""
        return self._status

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
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._release(process, self._worklist.claims.give_back)

    def kill_if_stuck(self) -> None:
        """End a worker that lost its lease, which it renews as long as it lives."""
        losers = self._worklist.claims.release_expired()
        process = self._process
        if process is not None and self._name_of(process) in losers:
            log.error("worker_lost_lease pid=%d", process.pid)
            process.kill()

    def _launch(self) -> None:
        # -P: a checkout's folder triage_node/ must not hide the installed package.
        command = [sys.executable, "-P", "-m", "triage_node.pipeline.worker"]
        # A group of its own: Ctrl-C at a terminal goes to all of the node's.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
        self._started_at = time.monotonic()
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
                self._set_status(WorkerStatus(**json.loads(line)))
            except (ValueError, TypeError):
                log.info("worker_says %s", line.decode(errors="replace").strip())

    def _note_exit(self, process: "subprocess.Popen[bytes]") -> None:
        lived_seconds = time.monotonic() - self._started_at
        self._failures = 0 if lived_seconds > STABLE_SECONDS else self._failures + 1
        pause = min(2.0 ** (self._failures - 1), LONGEST_PAUSE_SECONDS) if self._failures > 1 else 0.0
        self._start_after = time.monotonic() + pause
        self._process = None
        why = self._status.error or f"exit code {process.returncode}"
        log.error("worker_died pid=%d restart_in_seconds=%.0f error=%s", process.pid, pause, why)
        self._set_status(WorkerStatus(error=self._status.error))
        claims = self._worklist.claims
        self._release(process, claims.give_back if process.returncode in ASKED_TO_END else claims.release_worker)

    def _release(self, process: "subprocess.Popen[bytes]", claims_of: Callable[[str], object]) -> None:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            claims_of(self._name_of(process))
        except StorageError as error:
            log.error("claims_not_released error=%s", error)

    def _name_of(self, process: "subprocess.Popen[bytes]") -> str:
        return f"{self._settings.node_name}:{process.pid}"

    def _set_status(self, status: WorkerStatus) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()
