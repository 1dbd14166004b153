"""What one of several processes does at a time: this one's share of it, renewed in a thread of its own."""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Sequence

from triage_node import __version__
from triage_node.errors import StorageError
from triage_node.lasting_thread import LastingThread
from triage_node.worklist import Leases

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
RENEW_SECONDS = 3.0
MARGIN_SECONDS = 3.0
"""So long before another may have it a duty counts as lost: what is being done then is done by then."""


class Duty:
    """Something that one process does at a time.

    Parameters
    ----------
    is_shared
        Whether others could have it; where not, this process always has it.
    steady
        Seconds of a clock that nobody can set.
    """

    def __init__(self, name: str, *, is_shared: bool, steady: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._steady = steady
        self._until = float("-inf") if is_shared else float("inf")

    def is_held(self) -> bool:
        """Tell whether this process has it, whatever the database does meanwhile."""
        return self._steady() < self._until

    def renew(self, leases: Leases, node: str) -> None:
        """Take it, or go on having it.

        Raises
        ------
        StorageError
            The database refused: it is held as long as it was.
        """
        before, had_it = self._steady(), self.is_held()
        has_it = leases.take(self.name, node, LEASE_SECONDS)
        self._until = before + LEASE_SECONDS - MARGIN_SECONDS if has_it else float("-inf")
        if has_it != had_it:
            log.info("duty_%s duty=%s", "begun" if has_it else "lost", self.name)


class Duties:
    """The duties that a process does or would do, and the word that it lives.

    Parameters
    ----------
    node
        The process's name, unlike any other's.
    is_shared
        Whether there may be other processes; without them nothing is renewed.
    """

    def __init__(self, leases: Leases, node: str, roles: Sequence[str], *, is_shared: bool) -> None:
        self._leases = leases
        self._node = node
        self._roles = roles
        self._is_shared = is_shared
        self._duties: list[Duty] = []
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, "duties", self._stopping)

    def add(self, name: str) -> Duty:
        """Return a duty that is renewed from the start on; the one of that name, where there is one."""
        duty = next((one for one in self._duties if one.name == name), None)
        if duty is None:
            duty = Duty(name, is_shared=self._is_shared)
            self._duties = [*self._duties, duty]
        return duty

    def keep(self, kind: str, names: Collection[str]) -> None:
        """Renew of the duties whose name begins so none but these: others may have them when their time is over."""
        self._duties = [one for one in self._duties if one.name in names or not one.name.startswith(kind)]

    def start(self) -> None:
        """Start renewing."""
        random.shuffle(self._duties)  # several that start at once each get some
        if self._is_shared:
            self._thread.start()

    def stop(self) -> None:
        """Let others have them at once; what they do must have ended."""
        self._stopping.set()
        if not self._thread.is_alive():
            return
        self._thread.join()
        try:
            self._leases.give_back(self._node)
        except StorageError as error:
            log.warning("duties_not_given_back error=%s", error)

    def _run(self) -> None:
        refused = False
        while not self._stopping.is_set():
            try:
                self._renew()
                refused = False
            except StorageError as error:
                if not refused:
                    log.error("duties_not_renewed error=%s", error)
                refused = True
            self._stopping.wait(RENEW_SECONDS)

    def _renew(self) -> None:
        self._leases.note(self._node, self._roles, __version__)
        for duty in self._duties:
            duty.renew(self._leases, self._node)
