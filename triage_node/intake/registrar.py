"""The thread that gives kept instances their place and their rows, many at a time."""

import logging
import queue
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from triage_node.errors import InvalidInstance, StorageError
from triage_node.intake.header import Header, read_header
from triage_node.spool import Filing, Spool
from triage_node.worklist import ReceivedInstance, Worklist

log = logging.getLogger(__name__)

# One transaction for what comes in this time costs hardly more than one for a single instance, and a registrar that
# rests leaves the interpreter to the threads that receive.
GATHER_SECONDS = 0.1
BATCH = 500
PAUSE_AFTER_ERROR_SECONDS = 1.0


@dataclass(frozen=True)
class Kept:
    """An instance that was kept and acknowledged, and has no row yet."""

    path: Path
    header: Header
    size_bytes: int
    received_at: float
    calling_ae_title: str = ""
    urgent: bool = False


@dataclass(frozen=True)
class RegistrarState:
    """How the registrar is: what waits for its row, for how long, and what can have none."""

    backlog: int
    oldest_seconds: float | None
    set_aside: int
    alive: bool


class Registrar:
    """File kept instances and register them, in batches; a failing database or disk is tried again for ever.

    The order makes a crash harmless at every point: link into the study's folder, commit the rows, drop the name in
    ``incoming/``. Until the last step the instance is found again at the next start.
    """

    def __init__(self, spool: Spool, worklist: Worklist) -> None:
        self._spool = spool
        self._worklist = worklist
        self._queue: queue.SimpleQueue[Kept | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registrar", daemon=True)

    def state(self) -> RegistrarState:
        """Tell how it is."""
        return RegistrarState(self._queue.qsize(), None, set_aside=0, alive=self._thread.is_alive())

    def start(self) -> None:
        """Take up what an earlier run kept and did not register, then go on with what comes."""
        for path in self._spool.unfiled():
            self._recover(path)
        self._thread.start()

    def stop(self) -> None:
        """Register what is waiting, then end."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def submit(self, kept: Kept) -> None:
        """Queue an instance; returns at once."""
        self._queue.put(kept)

    def _recover(self, path: Path) -> None:
        try:
            content = path.read_bytes()
            header = read_header(content)
        except (InvalidInstance, OSError) as error:
            log.error("unreadable_leftover file=%s error=%s", path.name, error)
            return
        self._queue.put(Kept(path, header, len(content), path.stat().st_mtime))

    def _run(self) -> None:
        while True:
            batch, ended = self._next_batch()
            while batch and not self._register(batch):
                if self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS):
                    log.error("registration_left_for_next_start instances=%d", len(batch))
                    return
            if ended:
                return

    def _next_batch(self) -> tuple[list[Kept], bool]:
        batch = [self._queue.get()]
        if batch[0] is not None:
            self._stopping.wait(GATHER_SECONDS)
        while len(batch) < BATCH and not self._queue.empty():
            batch.append(self._queue.get())
        return [kept for kept in batch if kept is not None], None in batch

    def _register(self, batch: list[Kept]) -> bool:
        try:
            self._worklist.registration.register([self._file(kept) for kept in batch])
        except StorageError as error:
            log.error("registration_failed instances=%d error=%s", len(batch), error)
            return False
        for kept in batch:
            self._spool.forget(kept.path)
        return True

    def _file(self, kept: Kept) -> ReceivedInstance:
        header = kept.header
        filing = self._spool.file(kept.path, header.study_instance_uid, header.sop_instance_uid)
        received = received_instance(header, kept.size_bytes, kept.received_at, kept.calling_ae_title)
        return replace(received, conflicting=filing is Filing.CONFLICTING, urgent=header.urgent or kept.urgent)


def received_instance(
    header: Header, size_bytes: int, received_at: float, calling_ae_title: str = ""
) -> ReceivedInstance:
    """Return what the worklist is told of an instance."""
    return ReceivedInstance(
        **vars(header), size_bytes=size_bytes, received_at=received_at, calling_ae_title=calling_ae_title
    )
