"""A thread that goes on after an error which nobody foresaw: what it does must not end before the node does."""

import logging
import threading
from collections.abc import Callable

from triage_node.logs import origin

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0


class LastingThread(threading.Thread):
    """Runs until its work returns; when that raises an error, it is written down and begun again.

    Parameters
    ----------
    work
        Loops until `stopping` is set; it can be called again after an error at any place.
    name
        Of the thread, for the log.
    stopping
        When it is set, an error ends the thread.
    """

    def __init__(self, work: Callable[[], None], name: str, stopping: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._stopping = stopping

    def run(self) -> None:
        """Work, again and again if need be."""
        while True:
            try:
                self._work()
                return
            except Exception as error:
                log.error("thread_failed thread=%s error=%s", self.name, origin(error))
            if self._stopping.wait(PAUSE_SECONDS):
                return
