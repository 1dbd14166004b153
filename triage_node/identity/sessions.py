"""Who is signed in on which browser."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, or_, select

from triage_node.database import Database, SessionRow, UserRow
from triage_node.identity.accounts import User, as_user

TOUCH_SECONDS = 60.0
"""A session's last use is written at most this often, so that not every request writes."""


@dataclass(frozen=True)
class Limits:
    """How long a session lasts without use, and at all, in seconds."""

    idle_seconds: float
    absolute_seconds: float


class Sessions:
    """Open, look up and end the sessions of people; an id is 256 random bits and only its hash is kept."""

    def __init__(self, database: Database, clock: Callable[[], float], limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits

    def open(self, user: User) -> str:
        """Sign a user in; return the id for the browser's cookie. Sessions that ended are swept on the way."""
        session_id, now = secrets.token_urlsafe(32), self._clock()
        with self._database.write() as session:
            session.execute(
                delete(SessionRow).where(
                    or_(
                        SessionRow.last_seen_at < now - self._limits.idle_seconds,
                        SessionRow.created_at < now - self._limits.absolute_seconds,
                    )
                )
            )
            session.get_one(UserRow, user.id).last_sign_in_at = now
            session.add(SessionRow(id_hash=_hashed(session_id), user_id=user.id, created_at=now, last_seen_at=now))
        return session_id

    def user(self, session_id: str, *, is_use: bool = True) -> User | None:
        """Return whose session it is, or None when it ended.

        Parameters
        ----------
        is_use
            Whether the session counts as used; a page that refreshes itself is no sign of a person.
        """
        now = self._clock()
        with self._database.read() as session:
            found = session.execute(
                select(SessionRow, UserRow).join(UserRow).where(SessionRow.id_hash == _hashed(session_id))
            ).one_or_none()
            if found is None:
                return None
            row, user = found
            idle = now - row.last_seen_at
            ended = idle > self._limits.idle_seconds or now - row.created_at > self._limits.absolute_seconds
            signed_in = as_user(user)
        if ended:
            self.end(session_id)
            return None
        if is_use and abs(idle) > min(TOUCH_SECONDS, self._limits.idle_seconds / 4):
            self._touch(session_id)
        return signed_in

    def end(self, session_id: str) -> None:
        """Sign out on this browser."""
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.id_hash == _hashed(session_id)))

    def _touch(self, session_id: str) -> None:
        with self._database.write() as session:
            row = session.get(SessionRow, _hashed(session_id))
            if row is not None:
                row.last_seen_at = self._clock()
                # A session must not last longer because the clock was set back while the node was down.
                row.created_at = min(row.created_at, row.last_seen_at)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
