"""Was the clock of the machine set? Seen from a clock that nobody can set."""

import time
from collections.abc import Callable

TOLERANCE_SECONDS = 2.0
"""A time server slews smaller differences away; they do no harm."""


class ClockWatch:
    """Compare the wall clock with the steady one.

    Parameters
    ----------
    clock
        Seconds since 1970.
    steady
        Seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._offset = clock() - steady()

    def look(self) -> float:
        """Return by how many seconds the clock was set since the last look; 0 when it was not."""
        offset = self._clock() - self._steady()
        moved = offset - self._offset
        if abs(moved) < TOLERANCE_SECONDS:
            return 0.0
        self._offset = offset
        return moved
