"""How fast a message comes in, so that one that trickles does not keep its place for ever."""

import time

# A message that comes slower than this keeps a place from others for nothing; the slowest line to a hospital is faster.
LEAST_BYTES_A_SECOND = 1024
PACE_SECONDS = 60.0
# Slower than this it is, when others wait for its place.
LEAST_BYTES_A_SECOND_IN_NEED = 16 * 1024


class Pace:
    """The bytes of a message and the time they took; only the time counts in which we wait for the peer."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start to count."""
        self._bytes, self._seconds = 0, 0.0
        self._waiting_since: float | None = None

    def wait(self) -> None:
        """Say that from now on the peer is waited for."""
        self._waiting_since = time.monotonic()

    def goes_on(self, count: int) -> bool:
        """Count bytes that came, and tell whether they come fast enough, judged once in `PACE_SECONDS`."""
        self._bytes += count
        self._seconds = self._waited()
        self._waiting_since = None
        if self._seconds < PACE_SECONDS:
            return True
        was_fast_enough = self._bytes >= LEAST_BYTES_A_SECOND * self._seconds
        self.begin()
        return was_fast_enough

    def is_too_slow(self, seconds: float) -> bool:
        """Tell whether for at least so long less came than should when others wait."""
        waited = self._waited()
        return waited >= seconds and self._bytes < LEAST_BYTES_A_SECOND_IN_NEED * waited

    def _waited(self) -> float:
        since = self._waiting_since
        return self._seconds + (0.0 if since is None else time.monotonic() - since)
