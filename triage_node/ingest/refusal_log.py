"""A peer that is refused again and again must not fill the log and the database."""

import threading

QUIET_SECONDS = 10.0
MOST_REMEMBERED = 1000


class Refusals:
    """Tell the first refusal of a kind from its repetitions."""

    def __init__(self) -> None:
        self._quiet_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_news(self, message: str, at: float, quiet_seconds: float = QUIET_SECONDS) -> bool:
        """Tell whether a refusal was not noted in the last seconds; from many different ones a few are noted."""
        with self._lock:
            self._quiet_until = {text: until for text, until in self._quiet_until.items() if at < until}
            if message in self._quiet_until or len(self._quiet_until) >= MOST_REMEMBERED:
                return False
            self._quiet_until[message] = at + quiet_seconds
            return True
