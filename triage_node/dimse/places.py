"""Who may be served at once: a number of associations in all and for each address."""

import threading
import time
from dataclasses import dataclass

from triage_node.dimse.connection import Connection

# An association that has asked for nothing for so long may be ended for one that wants its place; between two images a
# sender may have to fetch the next.
QUIET_SECONDS = 1.0
QUIET_AFTER_WORK_SECONDS = 5.0
# So may one whose message has come too slowly for so long.
DAWDLING_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """Where an association is served."""

    address: str
    thread: threading.Thread


class Places:
    """The associations that are served.

    Parameters
    ----------
    maximum
        Associations in all.
    maximum_per_address
        Associations of one address.
    """

    def __init__(self, maximum: int, maximum_per_address: int) -> None:
        self._maximum = maximum
        self._maximum_per_address = maximum_per_address
        self._taken: dict[Connection, Place] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._taken)

    def limit(self, maximum: int, maximum_per_address: int) -> None:
        """Have other limits from now on; who has a place keeps it."""
        with self._lock:
            self._maximum, self._maximum_per_address = maximum, maximum_per_address

    def make_room(self, address: str) -> bool:
        """Tell whether there is a place for an address; for its sake one may be ended that nobody uses."""
        with self._lock:
            rivals = self._rivals(address)
            if rivals is None:
                return True
            leaving = _least_used(rivals)
            if leaving is None:
                return False
            del self._taken[leaving]
        leaving.give_up()
        return True

    def take(self, connection: Connection, place: Place) -> None:
        """Give a connection a place."""
        with self._lock:
            self._taken[connection] = place

    def leave(self, connection: Connection) -> None:
        """Say that a connection has ended."""
        with self._lock:
            self._taken.pop(connection, None)

    def taken(self) -> dict[Connection, Place]:
        """Return all that are taken."""
        with self._lock:
            return dict(self._taken)

    def _rivals(self, address: str) -> list[Connection] | None:
        """Return the connections one of which must go before an address gets a place, None when there is room."""
        own = [connection for connection, place in self._taken.items() if place.address == address]
        if len(own) >= self._maximum_per_address:
            return own
        return list(self._taken) if len(self._taken) >= self._maximum else None


def _least_used(connections: list[Connection]) -> Connection | None:
    """Return the connection that has been quiet longest, else one that dawdles; None when all are at work."""
    now = time.monotonic()
    quiet = {}
    for one in connections:
        since = one.quiet_since
        if since is not None and now - since >= (QUIET_AFTER_WORK_SECONDS if one.has_worked else QUIET_SECONDS):
            quiet[one] = since
    if quiet:
        return min(quiet, key=lambda one: quiet[one])
    return next((one for one in connections if one.is_dawdling(DAWDLING_SECONDS)), None)
