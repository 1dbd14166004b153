"""How often one client may ask: a bucket of tokens for each, in memory."""

import threading
from collections.abc import Callable

from cachetools import LRUCache

MOST_KEYS = 10_000


class RateLimit:
    """Let a number of requests a minute pass for each key, in bursts of as many; the least recent keys are forgotten.

    Parameters
    ----------
    per_minute
        Requests let through in a minute.
    clock
        Seconds, from any start.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: LRUCache[str, tuple[float, float]] = LRUCache(MOST_KEYS)
        self._lock = threading.Lock()

    def use(self, per_minute: int) -> None:
        """Let another number pass from now on; what has been asked for stays counted."""
        with self._lock:
            self._per_minute = per_minute

    def take(self, key: str) -> float:
        """Take a token; return 0, or in how many seconds there will be one."""
        with self._lock:
            now = self._clock()
            tokens, at = self._buckets.get(key, (float(self._per_minute), now))
            tokens = min(float(self._per_minute), tokens + max(0.0, now - at) * self._per_minute / 60)
            passes = tokens >= 1
            self._buckets[key] = (tokens - 1 if passes else tokens, now)
            return 0.0 if passes else (1 - tokens) * 60 / self._per_minute
