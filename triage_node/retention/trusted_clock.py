"""Is the clock of the machine to be believed? One that is years ahead for a minute must not make everything old."""

import time
from collections.abc import Callable

TOLERANCE_SECONDS = 60.0
PATIENCE_SECONDS = 3600.0


class TrustedClock:
    """Seconds since 1970, believed once they have gone on evenly for an hour by a clock that nobody can set.

    A machine that boots with a wrong clock is set right by its time server in that time.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._clock = clock
        self._steady = steady
        self._patience_seconds = patience_seconds
        self._offset = clock() - steady()
        self._even_since = steady()

    def __call__(self) -> float:
        """Return the time, believed or not."""
        return self._clock()

    @property
    def is_trusted(self) -> bool:
        """Whether it has gone on evenly for long enough."""
        offset = self._clock() - self._steady()
        if abs(offset - self._offset) > TOLERANCE_SECONDS:
            self._offset, self._even_since = offset, self._steady()
        return self._steady() - self._even_since >= self._patience_seconds
