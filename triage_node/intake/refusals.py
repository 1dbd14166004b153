"""A peer that is refused again and again must not fill the log and the database."""

import threading

QUIET_SECONDS = 10.0
MOST_REMEMBERED = 1000


class Refusals:
    """Tell the first refusal of a kind from its repetitions."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_news(self, message: str, at: float) -> bool:
        """Tell whether a refusal was not noted in the last seconds; from many different ones a few are noted."""
        with self._lock:
            self._last = {text: then for text, then in self._last.items() if abs(at - then) < QUIET_SECONDS}
            if message in self._last or len(self._last) >= MOST_REMEMBERED:
                return False
            self._last[message] = at
            return True
