"""What keeps the listener from its work."""

import logging
import time

log = logging.getLogger(__name__)

# One line in the log for what fails again and again.
QUIET_SECONDS = 10.0


class Troubles:
    """What has failed, with one line in the log in a while.

    Attributes
    ----------
    last
        The last trouble, None when it is over.
    """

    def __init__(self) -> None:
        self.last: str | None = None
        self._logged_at: float | None = None
        self._count = 0

    def note(self, action: str, error: str) -> None:
        """Note that an action failed."""
        self.last = f"{action}: {error}"
        self._count += 1
        now = time.monotonic()
        if self._logged_at is None or now - self._logged_at >= QUIET_SECONDS:
            log.error("listener_in_trouble action=%r error=%r times=%d", action, error, self._count)
            self._logged_at, self._count = now, 0
