"""How long what ended waits before it is started again: the longer, the more often it ended soon after its start."""

import time

LONGEST_PAUSE_SECONDS = 60.0
STABLE_SECONDS = 60.0


class Restarts:
    """The starts of one worker."""

    def __init__(self) -> None:
        self._started_at = 0.0
        self._failures = 0

    def started(self) -> None:
        """Note a start."""
        self._started_at = time.monotonic()

    def ended(self) -> float:
        """Note an end; return the seconds until the next start."""
        lived_seconds = time.monotonic() - self._started_at
        self._failures = 0 if lived_seconds > STABLE_SECONDS else self._failures + 1
        return min(2.0 ** (self._failures - 1), LONGEST_PAUSE_SECONDS) if self._failures > 1 else 0.0
