"""Slow down whoever guesses passwords: five failures in a quarter of an hour lock, each time twice as long.

Failures count by name and address together, by address, and by name from everywhere: a stranger elsewhere locks nobody
out, and who guesses from many addresses is slowed down, too. A browser that signed in before counts for itself (OWASP,
*Slow Down Online Guessing Attacks with Device Cookies*).
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from triage_node.database import Database, LockoutRow
from triage_node.errors import TooManyAttempts

FAILURES = 5
FAILURES_FROM_EVERYWHERE = 50
WINDOW_SECONDS = 900.0
FIRST_LOCK_SECONDS = 60.0
LONGEST_LOCK_SECONDS = 3600.0
FORGOTTEN_AFTER_SECONDS = 86400.0


class Lockouts:
    """Count failures by keys; in the database, so that a restart forgets nothing."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def check(self, *keys: str) -> None:
        """Let pass, or not.

        Raises
        ------
        TooManyAttempts
            One of the keys is locked; ``data["seconds"]`` says for how long.
        """
        with self._database.read() as session:
            until = session.scalar(select(func.max(LockoutRow.locked_until)).where(LockoutRow.key.in_(keys))) or 0.0
        now = self._clock()
        # A lock that ends later than any could was made before the clock was set back.
        if now < until <= now + LONGEST_LOCK_SECONDS:
            seconds = math.ceil(until - now)
            raise TooManyAttempts(f"Too many attempts. Try again in {_spoken(seconds)}.", seconds=seconds)

    def failed(self, *keys: str) -> None:
        """Count a failure."""
        now = self._clock()
        with self._database.write() as session:
            is_old = LockoutRow.first_failed_at < now - FORGOTTEN_AFTER_SECONDS
            is_open = LockoutRow.locked_until < now - FORGOTTEN_AFTER_SECONDS
            session.execute(delete(LockoutRow).where(is_old, is_open))
            for key in keys:
                _count(session, key, now)

    def forget(self, keys: Sequence[str]) -> None:
        """Forget the failures after a success."""
        with self._database.write() as session:
            session.execute(delete(LockoutRow).where(LockoutRow.key.in_(keys)))

    def unlock(self, name: str) -> None:
        """Forget the failures under a name, and those of all addresses, as nobody knows which was that person's."""
        whose = LockoutRow.key.startswith(_pairs_of(name)) | LockoutRow.key.startswith("address:")
        with self._database.write() as session:
            session.execute(delete(LockoutRow).where(whose | (LockoutRow.key == everywhere(name))))


def everywhere(name: str) -> str:
    """Return the key of the failures under a name from all addresses together."""
    return f"user:{name[:64].lower()}"


def of_stranger(name: str, address: str) -> tuple[str, str]:
    """Return the keys of a try from a browser that is not known: name with address, and address."""
    network = network_of(address)
    return f"{_pairs_of(name)}{_short(network)}", f"address:{network}"


def of_device(nonce: str) -> str:
    """Return the key of a try from a browser that signed in before."""
    return f"device:{_short(nonce)}"


def network_of(address: str) -> str:
    """Return an address as one sender may have it: of IPv6 everybody gets 2^64, but not of IPv4 within IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))


def _pairs_of(name: str) -> str:
    return f"pair:{_short(name[:64].lower())}:"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _count(session: Session, key: str, now: float) -> None:
    row = session.get(LockoutRow, key)
    if row is None:
        row = LockoutRow(key=key, failures=0, first_failed_at=now, lockouts=0, locked_until=0.0)
        session.add(row)
    if now - row.first_failed_at > WINDOW_SECONDS:
        row.failures, row.first_failed_at = 0, now
    row.failures += 1
    if row.failures >= (FAILURES_FROM_EVERYWHERE if key.startswith("user:") else FAILURES):
        row.locked_until = now + min(FIRST_LOCK_SECONDS * 2**row.lockouts, LONGEST_LOCK_SECONDS)
        row.failures, row.first_failed_at = 0, now
        row.lockouts = min(row.lockouts + 1, 16)


def _spoken(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
