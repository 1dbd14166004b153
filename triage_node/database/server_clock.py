"""The clock of the database's server: the one that all machines of a database go by."""

import time
from collections.abc import Callable

LONGEST_ANSWER_SECONDS = 1.0
"""What took longer to be told says too little."""


class ServerClock:
    """Seconds since 1970 as the server counts them, between two looks by a clock that nobody can set.

    Until it was read once it is this machine's.
    """

    def __init__(self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._offset: float | None = None

    def __call__(self) -> float:
        """Return the time."""
        return self._clock() if self._offset is None else self._steady() + self._offset

    def follow(self, read: Callable[[], float]) -> None:
        """Set it by the server's.

        Parameters
        ----------
        read
            Asks the server for its time.
        """
        start = self._steady()
        at = read()
        end = self._steady()
        if end - start <= LONGEST_ANSWER_SECONDS:
            self._offset = at - (start + end) / 2
