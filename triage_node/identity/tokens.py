"""The keys of programs that use the API."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache
from sqlalchemy import select

from triage_node.database import Database, TokenRow
from triage_node.errors import AccountError
from triage_node.identity.accounts import NAME
from triage_node.identity.roles import Role

PREFIX = "triage_"
TOUCH_SECONDS = 60.0
KNOWN_SECONDS = 1.0
"""A token that was good is believed so long; one taken back by another process is good for so long at most."""
MOST_KNOWN = 1000


@dataclass(frozen=True)
class Token:
    """A key, without its secret."""

    name: str
    role: Role
    created_at: float
    expires_at: float | None
    last_used_at: float | None


class Tokens:
    """API tokens: 256 random bits, shown once, kept hashed."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        # No TTLCache: the age is checked here, as the clock may be set back.
        self._known: LRUCache[str, tuple[Token, float]] = LRUCache(MOST_KNOWN)
        self._lock = threading.Lock()

    def add(self, name: str, role: Role = Role.SERVICE, days: float | None = None) -> str:
        """Make a token and return it; it cannot be shown again.

        Raises
        ------
        AccountError
            The name is not taken, or there already.
        """
        if NAME.fullmatch(name) is None:
            raise AccountError(f"{name!r} cannot be a token's name: letters, digits and . _ @ - only, at most 64.")
        secret, now = PREFIX + secrets.token_urlsafe(32), self._clock()
        with self._database.write() as session:
            if session.scalar(select(TokenRow.id).where(TokenRow.name == name)) is not None:
                raise AccountError(f"There is a token {name} already.")
            expires_at = None if days is None else now + days * 86400
            row = TokenRow(name=name, role=role, token_hash=_hashed(secret), created_at=now, expires_at=expires_at)
            session.add(row)
        return secret

    def all(self) -> list[Token]:
        """Return every token, by name."""
        with self._database.read() as session:
            return [_token(row) for row in session.scalars(select(TokenRow).order_by(TokenRow.name))]

    def check(self, secret: str) -> Token | None:
        """Return whose secret it is, or None when it is nobody's or has expired."""
        now, token_hash = self._clock(), _hashed(secret)
        with self._database.read() as session:
            row = session.scalar(select(TokenRow).where(TokenRow.token_hash == token_hash))
            token = None if row is None else _token(row)
        if token is None or _has_expired(token, now):
            with self._lock:
                self._known.pop(token_hash, None)
            return None
        with self._lock:
            self._known[token_hash] = token, now
        if token.last_used_at is None or now - token.last_used_at > TOUCH_SECONDS:
            self._touch(token.name)
        return token

    def known(self, secret: str) -> Token | None:
        """Return whose secret it is if `check` found it good a moment ago; None says nothing. Asks no database."""
        with self._lock:
            found = self._known.get(_hashed(secret))
        if found is None:
            return None
        token, checked_at = found
        now = self._clock()
        return token if 0 <= now - checked_at < KNOWN_SECONDS and not _has_expired(token, now) else None

    def remove(self, name: str) -> None:
        """Take a token back.

        Raises
        ------
        AccountError
            There is no such token.
        """
        with self._database.write() as session:
            row = session.scalar(select(TokenRow).where(TokenRow.name == name))
            if row is None:
                raise AccountError(f"There is no token {name}.")
            session.delete(row)
        with self._lock:
            self._known.clear()

    def _touch(self, name: str) -> None:
        with self._database.write() as session:
            row = session.scalar(select(TokenRow).where(TokenRow.name == name))
            if row is not None:
                row.last_used_at = self._clock()


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _has_expired(token: Token, now: float) -> bool:
    return token.expires_at is not None and token.expires_at <= now


def _token(row: TokenRow) -> Token:
    return Token(row.name, Role(row.role), row.created_at, row.expires_at, row.last_used_at)
