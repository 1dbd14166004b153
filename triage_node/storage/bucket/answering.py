"""Whether an object storage answers: one that does not is left alone for a while, not asked by every thread."""

import random
import threading
import time
from collections.abc import Callable

from triage_node.errors import ObjectStorageError

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class Answering:
    """Remember the last failure, and refuse to ask again before a pause is over, which grows with each failure.

    Parameters
    ----------
    steady
        Seconds of a clock that nobody can set.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._lock = threading.Lock()
        self._failures = 0
        self._ask_after = 0.0
        self._away_since: float | None = None
        self._last: ObjectStorageError | None = None
        self.has_answered = False
        """Whether it ever did."""

    @property
    def refusal(self) -> ObjectStorageError | None:
        """Why it did not do the last thing that it was asked for; None when it did."""
        return self._last

    @property
    def away_seconds(self) -> float:
        """For how long it has not answered."""
        since = self._away_since
        return 0.0 if since is None else self._steady() - since

    @property
    def wait_seconds(self) -> float:
        """How long it will be left alone."""
        return max(0.0, self._ask_after - self._steady()) if self._last is not None else 0.0

    def check(self) -> None:
        """Refuse to ask when it was just found away.

        Raises
        ------
        ObjectStorageError
            The last failure, which was a moment ago.
        """
        last = self._last
        if last is not None and self.wait_seconds > 0:
            raise type(last)(str(last))

    def note_answer(self) -> None:
        """It answers."""
        if self._last is not None or not self.has_answered:
            with self._lock:
                self._failures, self._last, self._away_since, self.has_answered = 0, None, None, True

    def note_failure(self, error: ObjectStorageError) -> None:
        """It does not, or refuses; several threads that find it at once count as one."""
        with self._lock:
            now = self._steady()
            if self._last is None or now >= self._ask_after:
                longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures, 10))
                self._failures += 1
                self._ask_after = now + longest * random.uniform(0.5, 1.0)
            self._last = error
            self._away_since = now if self._away_since is None else self._away_since
