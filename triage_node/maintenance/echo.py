"""Do destinations answer, also while there is nothing to send?"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from triage_node.endpoints import Destination
from triage_node.errors import PeerError, SettingsError, StorageError
from triage_node.maintenance.job import Done

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Echoed:
    """What a destination did when it was tried last.

    ``words`` are its answer or the error; ``at`` in seconds since 1970.
    """

    destination: str
    answers: bool
    at: float
    words: str


class Echo:
    """Try the way to each destination, one after the other, on a connection of its own.

    One that a report is being sent to is left alone: whether that arrives says more, and it may take one connection
    only. What is found changes nothing for the reports that wait.

    Parameters
    ----------
    destinations
        Returns those that are set now.
    check
        Return what a destination does when it is tried, or raise `PeerError`; this room sends nothing.
    is_busy
        Whether something is being sent to the destination of that name now.
    note
        Leaves an event: its code and its message.
    is_stopping
        Whether the node ends.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        destinations: Callable[[], Sequence[Destination]],
        check: Callable[[Destination], str],
        is_busy: Callable[[str], bool],
        note: Callable[[str, str], object],
        is_stopping: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._destinations = destinations
        self._check = check
        self._is_busy = is_busy
        self._note = note
        self._is_stopping = is_stopping
        self._clock = clock
        self._echoed: dict[str, Echoed] = {}
        self._told: dict[str, bool] = {}

    @property
    def echoes(self) -> list[Echoed]:
        """What each destination did last; those that were never tried are missing."""
        return list(self._echoed.values())

    def run(self) -> Done:
        """Try each destination."""
        destinations = self._destinations()
        self._echoed = {one.name: self._echoed[one.name] for one in destinations if one.name in self._echoed}
        for destination in destinations:
            if self._is_stopping():
                break
            if not self._is_busy(destination.name):
                self._try(destination)
        return self._done()

    def _try(self, destination: Destination) -> None:
        try:
            answers, words = True, self._check(destination)
        except (PeerError, SettingsError) as error:
            answers, words = False, str(error)
        self._echoed[destination.name] = Echoed(destination.name, answers, self._clock(), words)
        if answers != self._told.get(destination.name, True):
            self._tell(destination.name, answers, words)

    def _tell(self, name: str, answers: bool, words: str) -> None:
        """Leave an event of a change; one that a full disk does not take is left the next time."""
        try:
            self._note("destination_answers" if answers else "destination_silent", f"{name}: {words}")
        except StorageError as error:
            log.warning("echo_not_noted destination=%s error=%s", name, error)
        else:
            self._told[name] = answers

    def _done(self) -> Done:
        silent = [f"{one.destination} does not: {one.words}" for one in self.echoes if not one.answers]
        number = len(self._echoed)
        if not self._destinations():
            return Done("no destination is set")
        words = [f"{number - len(silent)} of {number} answer", *silent]
        return Done("; ".join(words), wants_look=bool(silent))
