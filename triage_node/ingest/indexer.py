"""The thread that gives kept instances their place and their rows, many at a time."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triage_node.errors import InvalidInstance, RowRefused, StorageError
from triage_node.ingest.duplicates import Duplicates
from triage_node.ingest.quarantine import Quarantine
from triage_node.ingest.unindexed_instance import UnindexedInstance, read_unindexed
from triage_node.lasting_thread import LastingThread
from triage_node.storage import Filing, Spool
from triage_node.worklist import Registered, Worklist

log = logging.getLogger(__name__)

# One transaction for what comes in this time costs hardly more than one for a single instance, and a indexer that
# rests leaves the interpreter to the threads that receive.
GATHER_SECONDS = 0.1
BATCH = 500
PAUSE_AFTER_ERROR_SECONDS = 1.0
RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 3600.0
LONGEST_RETRY_AFTER_NEWS_SECONDS = 60.0


@dataclass(frozen=True)
class Filed:
    """An instance that has its place, and how it got it."""

    instance: UnindexedInstance
    filing: Filing


@dataclass(frozen=True)
class IndexerState:
    """How registration goes: instances that wait for their row, for how long, and those set aside in quarantine."""

    backlog: int
    oldest_seconds: float | None
    set_aside: int
    alive: bool


class Indexer:
    """File kept instances and register them, in batches.

    A database or a disk that takes nothing is waited for. An instance that alone is refused is set aside and tried
    again later; it holds up nothing else. The order makes a crash harmless at every point: link into the study's
    folder, commit the rows, drop the name in ``incoming/``. Until the last step the instance is found again at the
    next start.

    Parameters
    ----------
    retry_seconds
        What was set aside is tried again after this time, then ever more rarely.
    """

    def __init__(self, spool: Spool, worklist: Worklist, retry_seconds: float = RETRY_SECONDS) -> None:
        self._spool = spool
        self._worklist = worklist
        self._quarantine = Quarantine(spool, worklist)
        self._duplicates = Duplicates(spool, worklist)
        self._queue: queue.SimpleQueue[UnindexedInstance | threading.Event | None] = queue.SimpleQueue()
        self._hurry = threading.Event()
        self._waiting: deque[float] = deque()
        self._first_retry_seconds = self._retry_seconds = retry_seconds
        self._retry_at = time.monotonic()
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, "indexer", self._stopping)

    def start(self) -> None:
        """Take up what an earlier run kept and did not register, then go on with what comes."""
        for path in self._spool.unfiled():
            self.take_up(path)
        self._duplicates.start()
        self._thread.start()

    def adopt(self) -> None:
        """Take up what other processes kept and cannot register any more, as they do not live.

        Raises
        ------
        StorageError
            The file system refused.
        """
        adopted = self._spool.adopt()
        for path in adopted:
            self.take_up(path)
        if adopted:
            log.warning("instances_adopted instances=%d", len(adopted))

    def stop(self) -> None:
        """Register what is waiting, then end."""
        self._stopping.set()
        self._hurry.set()
        self._queue.put(None)
        self._thread.join()
        self._duplicates.stop()

    def take_up(self, path: Path) -> None:
        """Queue a file in ``incoming/`` that nobody is at work on; one that cannot be read is set aside."""
        try:
            self.submit(read_unindexed(path))
        except InvalidInstance as error:
            self._quarantine.put_unreadable(path, error)

    def submit(self, instance: UnindexedInstance) -> None:
        """Queue an instance; returns at once."""
        self._waiting.append(instance.waits_since)
        self._queue.put(instance)

    def wait_for_submitted(self, seconds: float) -> bool:
        """Have registered at once what was submitted before, and tell whether it was within a time."""
        registered = threading.Event()
        self._queue.put(registered)
        self._hurry.set()
        return registered.wait(seconds)

    def state(self) -> IndexerState:
        """Return how registration goes now."""
        try:
            oldest = time.monotonic() - self._waiting[0]
        except IndexError:
            oldest = None
        return IndexerState(len(self._waiting), oldest, self._quarantine.size, self._thread.is_alive())

    def _run(self) -> None:
        ended = False
        while not ended:
            self._retry_if_due()
            found, ended = self._next_batch()
            batch = left = [one for one in found if isinstance(one, UnindexedInstance)]
            while left := self._register(left):
                if self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS):
                    log.error("registration_left_for_next_start instances=%d", len(left))
                    return
            for _ in batch:
                self._waiting.popleft()
            for registered in found:
                if isinstance(registered, threading.Event):
                    registered.set()

    def _next_batch(self) -> tuple[list[UnindexedInstance | threading.Event], bool]:
        try:
            batch = [self._queue.get(timeout=max(0.0, self._retry_at - time.monotonic()))]
        except queue.Empty:
            return [], False
        if batch[0] is not None:
            self._hurry.wait(GATHER_SECONDS)
        if not self._stopping.is_set():
            self._hurry.clear()
        while len(batch) < BATCH and not self._queue.empty():
            batch.append(self._queue.get())
        return [one for one in batch if one is not None], None in batch

    def _retry_if_due(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        again = list(self._quarantine.readable())
        self._register(again)
        taken = sum(not instance.path.exists() for instance in again)
        if taken:
            log.info("registered_from_quarantine instances=%d", taken)
        longer = min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)
        self._retry_seconds = self._first_retry_seconds if taken else longer
        self._retry_at = time.monotonic() + self._retry_seconds

    def _register(self, batch: Sequence[UnindexedInstance]) -> list[UnindexedInstance]:
        """Return those that have to wait, because the disk or the database takes nothing now."""
        filed: list[Filed] = []
        waiting: list[UnindexedInstance] = []
        refusal: Exception | None = None
        for instance in batch:
            try:
                filed.append(Filed(instance, self._file(instance)))
            except Exception as error:  # a border: one instance must never end the thread all others wait for
                if self._spool.refuses_all(error):
                    refusal = error
                    waiting.append(instance)
                else:
                    self._quarantine.put(instance, error)
        if waiting:
            log.error("filing_failed instances=%d error=%s", len(waiting), refusal)
        waiting += self._write(filed)
        if self._quarantine.tell():
            self._retry_seconds = min(self._retry_seconds, LONGEST_RETRY_AFTER_NEWS_SECONDS)
            self._retry_at = min(self._retry_at, time.monotonic() + self._retry_seconds)
        return waiting

    def _write(self, filed: Sequence[Filed]) -> list[UnindexedInstance]:
        """Write the rows; what is refused is taken apart until the one instance is found."""
        if not filed:
            return []
        try:
            registered = self._worklist.registration.register([one.instance.received() for one in filed])
        except Exception as error:  # as in `_register`
            if isinstance(error, StorageError) and not isinstance(error, RowRefused):
                log.error("registration_failed instances=%d error=%s", len(filed), error)
                return [one.instance for one in filed]
            return self._take_apart(filed, error)
        return [one.instance for one in filed if not self._is_finished(one, registered)]

    def _is_finished(self, filed: Filed, registered: Registered) -> bool:
        """Finish an instance; False when it has to wait.

        What came while it was being deleted is filed again: its file may have gone after it was filed first.
        """
        header = filed.instance.header
        if (header.study_instance_uid, header.sop_instance_uid) in registered.returned:
            try:
                filed = Filed(filed.instance, self._file(filed.instance))
            except Exception as error:  # as in `_register`
                log.error("filing_failed instances=1 error=%s", error)
                return False
        self._finish(filed)
        return True

    def _take_apart(self, filed: Sequence[Filed], error: Exception) -> list[UnindexedInstance]:
        if len(filed) == 1:
            self._quarantine.put(filed[0].instance, error)
            return []
        half = len(filed) // 2
        waiting = self._write(filed[:half])
        if waiting:
            return waiting + [one.instance for one in filed[half:]]
        return self._write(filed[half:])

    def _file(self, instance: UnindexedInstance) -> Filing:
        return self._spool.file(instance.path, instance.header.study_instance_uid, instance.header.sop_instance_uid)

    def _finish(self, filed: Filed) -> None:
        if filed.filing is Filing.DUPLICATE:
            self._duplicates.submit(filed.instance)
            return
        try:
            self._spool.forget(filed.instance.path)
        except StorageError as error:  # its row is written; registering it once more changes nothing
            log.error("not_forgotten file=%s error=%s", filed.instance.path.name, error)
