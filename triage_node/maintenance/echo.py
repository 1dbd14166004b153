"""Do destinations answer, also while there is nothing to send?"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from triage_node.endpoints import Destination
from triage_node.errors import PeerError, SettingsError
from triage_node.maintenance.job import Done


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
        destinations: Sequence[Destination],
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

    @property
    def echoes(self) -> list[Echoed]:
        """What each destination did last; those that were never tried are missing."""
        return list(self._echoed.values())

    def run(self) -> Done:
        """Try each destination."""
        for destination in self._destinations:
            if self._is_stopping():
                break
            if not self._is_busy(destination.name):
                self._try(destination)
        return self._done()

    def _try(self, destination: Destination) -> None:
        before = self._echoed.get(destination.name)
        try:
            answers, words = True, self._check(destination)
        except (PeerError, SettingsError) as error:
            answers, words = False, str(error)
        self._echoed[destination.name] = Echoed(destination.name, answers, self._clock(), words)
        if before is None and answers:
            return
        if before is None or before.answers != answers:
            code = "destination_answers" if answers else "destination_silent"
            self._note(code, f"{destination.name}: {words}")

    def _done(self) -> Done:
        silent = [f"{one.destination} does not: {one.words}" for one in self.echoes if not one.answers]
        number = len(self._echoed)
        words = [f"{number - len(silent)} of {number} answer", *silent]
        return Done("; ".join(words), wants_look=bool(silent))
