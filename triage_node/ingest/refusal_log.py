"""A peer that is refused again and again must not fill the log and the database."""

import threading
from collections.abc import Hashable

QUIET_SECONDS = 10.0
# Of one source, so that a flood from one place does not hide what is refused of another.
MOST_REMEMBERED = 100
MOST_SOURCES = 1000


class Refusals:
    """Tell the first refusal of a kind from its repetitions."""

    def __init__(self) -> None:
        self._quiet_until: dict[Hashable, dict[str, float]] = {}
        self._lock = threading.Lock()

    def is_news(self, message: str, at: float, quiet_seconds: float = QUIET_SECONDS, source: Hashable = None) -> bool:
        """Tell whether a refusal was not noted in the last seconds; from many different ones a few are noted.

        Parameters
        ----------
        source
            What has refusals of its own: the kind and where it comes from. For how long they are quiet counts as well.
        """
        key = source, quiet_seconds
        with self._lock:
            if key not in self._quiet_until and len(self._quiet_until) >= MOST_SOURCES:
                self._forget(at)
                if len(self._quiet_until) >= MOST_SOURCES:
                    return False
            known = self._quiet_until.get(key, {})
            quiet_until = self._quiet_until[key] = {text: until for text, until in known.items() if at < until}
            if message in quiet_until or len(quiet_until) >= MOST_REMEMBERED:
                return False
            quiet_until[message] = at + quiet_seconds
            return True

    def _forget(self, at: float) -> None:
        """Forget the sources of which nothing is quiet any more."""
        self._quiet_until = {
            key: known for key, known in self._quiet_until.items() if any(at < until for until in known.values())
        }
