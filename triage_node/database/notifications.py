"""Telling other processes that there is work (PostgreSQL's LISTEN and NOTIFY), so that nobody has to ask often."""

import logging
import threading
from collections import Counter
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from triage_node.database.server_clock import ServerClock
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin

log = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
"""Who is told looks this often all the same: what falls due by the clock is told by nobody."""
PAUSE_AFTER_ERROR_SECONDS = 2.0
LISTEN_SECONDS = 1.0
LISTENS_A_LOOK = 5
"""After so many seconds without a word the server is asked for its time, which also shows that it is there."""
NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"


class Channel(StrEnum):
    """What there may be to do."""

    STUDIES = "triage_studies"
    DELIVERIES = "triage_deliveries"


def notify(session: Session, channel: Channel) -> None:
    """Have those told who wait for work of a kind, when the transaction is committed."""
    session.info.setdefault("notified", set()).add(channel)


def send_notifications(session: Session) -> None:
    """Write down in the transaction what is to be told at its end; its last step but the markers."""
    channels: set[Channel] = session.info.pop("notified", set())
    if session.get_bind().dialect.name == "postgresql":
        for channel in sorted(channels):
            session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})


class Notifications:
    """Hear what is told, in a thread of its own; where nothing can be heard, all is as if this was not there.

    Parameters
    ----------
    clock
        Follows the server's.
    """

    def __init__(self, engine: Engine, clock: ServerClock) -> None:
        self._engine = engine
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_listening = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen, where the server can tell anything; further calls do nothing."""
        if self._thread is None and self._engine.dialect.name == "postgresql" and self._engine.driver == "psycopg":
            self._thread = LastingThread(self._run, "notifications", self._stopping)
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2 * LISTEN_SECONDS)

    def count(self, channel: Channel) -> int:
        """Return how often it was told of work of a kind."""
        return self._counts[channel]

    def wait(self, channel: Channel, since: int, poll_seconds: float) -> None:
        """Wait until it has been told more often than ``since``, or it is time to look.

        Parameters
        ----------
        poll_seconds
            How long to wait where nothing can be heard.
        """
        with self._changed:
            seconds = max(WAIT_SECONDS, poll_seconds) if self._is_listening else poll_seconds
            self._changed.wait_for(lambda: self._counts[channel] != since, seconds)

    def _run(self) -> None:
        refused = False
        while not self._stopping.is_set():
            try:
                self._listen()
                refused = False
            except Exception as error:  # a border: whatever the connection dies of, there is another
                if not refused and not self._stopping.is_set():
                    log.warning("notifications_lost error=%s", origin(error))
                refused = True
            self._set_listening(to=False)
            self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS)

    def _listen(self) -> None:
        pooled = self._engine.raw_connection()
        pooled.detach()
        connection: Any = pooled.dbapi_connection
        try:
            connection.rollback()
            connection.autocommit = True
            for channel in Channel:
                connection.execute(f"LISTEN {channel}")
            self._set_listening(to=True)
            quiet = 0
            while not self._stopping.is_set():
                heard = [one.channel for one in connection.notifies(timeout=LISTEN_SECONDS, stop_after=1)]
                quiet = 0 if heard else quiet + 1
                self._note(heard)
                if quiet >= LISTENS_A_LOOK:
                    quiet = 0
                    self._clock.follow(lambda: float(connection.execute(NOW).fetchone()[0]))
        finally:
            connection.close()

    def _set_listening(self, to: bool) -> None:
        with self._changed:
            self._is_listening = to
        if to:
            log.debug("notifications_heard")
            self._note(list(Channel))  # something may have been told while nobody listened

    def _note(self, channels: list[str]) -> None:
        if channels:
            with self._changed:
                self._counts.update(channels)
                self._changed.notify_all()


class Waiter:
    """One who waits for work of a kind, again and again, and misses nothing that is told between two waits."""

    def __init__(self, notifications: Notifications, channel: Channel) -> None:
        self._notifications = notifications
        self._channel = channel
        self._seen = notifications.count(channel)

    def wait(self, poll_seconds: float) -> None:
        """Wait until there may be work: some was told of since the last wait ended, or it is time to look."""
        self._notifications.wait(self._channel, self._seen, poll_seconds)
        self._seen = self._notifications.count(self._channel)
