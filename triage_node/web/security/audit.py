"""Keep every access to patient data before the data leave: in the database, and at a syslog server if one is set."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from triage_node.errors import RowRefused
from triage_node.identity import Access, AuditTrail
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin

log = logging.getLogger(__name__)

TOGETHER = 500
STOP_SECONDS = 5.0


class Auditor:
    """One thread that writes accesses, those that came meanwhile in one transaction.

    Parameters
    ----------
    trail
        The table.
    forward
        Told each access that was kept; its failures are logged, as a syslog server that is down must not blind a
        radiologist.
    """

    def __init__(self, trail: AuditTrail, forward: Callable[[Access], None] | None = None) -> None:
        self._trail = trail
        self._forward = forward
        self._queue: queue.SimpleQueue[tuple[Access, Future[None]] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, "auditor", self._stopping)

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end."""
        if self._thread.is_alive():
            self._stopping.set()
            self._queue.put(None)
            self._thread.join(STOP_SECONDS)

    def write(self, access: Access) -> Future[None]:
        """Keep an access; the future is done when it is on the disk, and fails when it cannot be kept."""
        written: Future[None] = Future()
        self._queue.put((access, written))
        return written

    def _run(self) -> None:
        while True:
            together, is_last = self._take()
            if together:
                self._write(together)
            if is_last:
                return

    def _take(self) -> tuple[list[tuple[Access, Future[None]]], bool]:
        taken = []
        item = self._queue.get()
        while item is not None:
            taken.append(item)
            if len(taken) == TOGETHER or self._queue.empty():
                return taken, False
            item = self._queue.get()
        return taken, True

    def _write(self, together: list[tuple[Access, Future[None]]]) -> None:
        try:
            self._trail.append([access for access, _ in together])
        except Exception as error:
            if isinstance(error, RowRefused) and len(together) > 1:  # one of them; the others are not to suffer for it
                for one in together:
                    self._write([one])
                return
            log.error("audit_failed accesses=%d error=%s", len(together), origin(error))
            for _, written in together:
                if written.set_running_or_notify_cancel():
                    written.set_exception(error)
            return
        for access, written in together:
            # A request that was given up meanwhile has cancelled its future.
            if written.set_running_or_notify_cancel():
                written.set_result(None)
            self._tell(access)

    def _tell(self, access: Access) -> None:
        if self._forward is None:
            return
        try:
            self._forward(access)
        except Exception as error:
            log.error("audit_not_forwarded error=%s", origin(error))
