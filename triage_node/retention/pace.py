"""How fast files are deleted: intake goes first."""

import threading
from collections.abc import Callable

SHARE = 6.0
"""So many times as long as it took to remove files it rests while something is received."""


class Pace:
    """Rest between files while something is received.

    Parameters
    ----------
    is_receiving
        Tells whether something is.
    """

    def __init__(self, is_receiving: Callable[[], bool] = lambda: False, share: float = SHARE) -> None:
        self._is_receiving = is_receiving
        self._share = share
        self._ended = threading.Event()

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is to be begun."""
        return self._ended.is_set()

    def end(self) -> None:
        """Begin nothing more, and rest no longer."""
        self._ended.set()

    def rest(self, worked_seconds: float) -> None:
        """Rest after so much work, if there is reason to."""
        if self._is_receiving():
            self._ended.wait(worked_seconds * self._share)
