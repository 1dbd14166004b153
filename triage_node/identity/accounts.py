"""The people who may sign in."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from triage_node.database import Database, SessionRow, UserRow
from triage_node.errors import AccountError, SignInRefused
from triage_node.identity.first_password import FirstPassword
from triage_node.identity.known_devices import is_device, signed_device
from triage_node.identity.lockouts import Lockouts, everywhere, of_device, of_stranger
from triage_node.identity.passwords import Passwords, one_time_password
from triage_node.identity.roles import Role

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
FIRST_ADMINISTRATOR = "admin"


@dataclass(frozen=True)
class User:
    """A person; ``is_local`` when the node knows a password of theirs, and no OpenID provider vouches for them."""

    id: int
    name: str
    role: Role
    must_change_password: bool
    is_local: bool
    created_at: float
    last_sign_in_at: float | None


class Accounts:
    """Users with their roles and passwords."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        lockouts: Lockouts,
        passwords: Passwords,
        data_dir: Path | None = None,
    ) -> None:
        self.first_password = FirstPassword(data_dir or Path())
        self._database = database
        self._clock = clock
        self._lockouts = lockouts
        self._passwords = passwords

    def add(self, name: str, role: Role, password: str, *, must_change_password: bool = False) -> User:
        """Add a person.

        Raises
        ------
        AccountError
            The name or the password is not taken, the name is there already, or the role is a program's.
        """
        _check(name, role)
        password_hash = self._passwords.hash(password, name)
        with self._database.write() as session:
            if session.scalar(select(UserRow.id).where(func.lower(UserRow.name) == name.lower())) is not None:
                raise AccountError(f"There is a user {name} already.")
            row = self._new(session, name, role, password_hash)
            row.must_change_password = must_change_password
            return as_user(row)

    def add_first_administrator(self) -> str | None:
        """Make the first administrator, as long as nobody ever signed in; return the one-time password."""
        with self._database.read() as session:
            others = session.scalar(
                select(func.count()).where((UserRow.name != FIRST_ADMINISTRATOR) | ~UserRow.must_change_password)
            )
        if others:
            self._forget_first_password()
            return None
        password = one_time_password()
        with self._database.write() as session:
            session.execute(delete(UserRow).where(UserRow.name == FIRST_ADMINISTRATOR))
        self.add(FIRST_ADMINISTRATOR, Role.ADMINISTRATOR, password, must_change_password=True)
        return password

    def all(self) -> list[User]:
        """Return everyone, by name."""
        with self._database.read() as session:
            return [as_user(row) for row in session.scalars(select(UserRow).order_by(UserRow.name))]

    def check(self, name: str, password: str, address: str, device: str = "") -> User:
        """Return the user whose password it is. An unknown name is answered like a wrong password, and as slowly.

        Parameters
        ----------
        device
            What the browser kept of an earlier sign-in of that user; with it, strangers' failures do not count.

        Raises
        ------
        SignInRefused
            It is not.
        TooManyAttempts
            There were too many failures on that browser, or, when it is not known, from that address or for that name.
        """
        with self._database.read() as session:
            row = session.scalar(select(UserRow).where(func.lower(UserRow.name) == name[:64].lower()))
        is_known = is_device(row, device)
        own = (of_device(device),) if is_known else of_stranger(name, address)
        keys = own if is_known else (*own, everywhere(name))
        self._lockouts.check(*keys)
        if not self._passwords.matches(password, row.password_hash if row else "") or row is None:
            self._lockouts.failed(*keys)
            raise SignInRefused
        self._lockouts.forget(own)
        return as_user(row)

    def device(self, name: str, before: str = "", nonce: str = "") -> str:
        """Return what a browser keeps to be known when its person signs in again; empty for who has no password here.

        Parameters
        ----------
        before
            What the browser kept; it is returned if it is good yet.
        nonce
            What tells the browser from others; random by default.
        """
        with self._database.read() as session:
            row = session.scalar(select(UserRow).where(func.lower(UserRow.name) == name.lower()))
        if row is None or not row.password_hash:
            return ""
        return before if is_device(row, before) else signed_device(row, nonce or secrets.token_hex(16))

    def unlock(self, name: str) -> None:
        """Forget failed attempts under a name, and from all addresses.

        Raises
        ------
        AccountError
            There is no such user.
        """
        with self._database.read() as session:
            _named(session, name)
        self._lockouts.unlock(name)

    def set_password(self, name: str, password: str, *, must_change_password: bool = False) -> None:
        """Change a password and sign its owner out everywhere.

        Raises
        ------
        AccountError
            There is no such user, another system vouches for them, or the password is not taken.
        """
        password_hash = self._passwords.hash(password, name)
        with self._database.write() as session:
            row = _named(session, name)
            if not row.password_hash:
                raise AccountError(f"The password of {name} is kept by the OpenID provider.")
            if self._passwords.matches(password, row.password_hash):
                raise AccountError("That is the password you have.")
            row.password_hash, row.must_change_password = password_hash, must_change_password
            row.changed_at = self._clock()
            session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))
        self._lockouts.unlock(name)
        self._forget_first_password()

    def _forget_first_password(self) -> None:
        """Remove the file unless its password still opens."""
        with self._database.read() as session:
            first = session.scalar(
                select(UserRow.id).where(UserRow.name == FIRST_ADMINISTRATOR, UserRow.must_change_password)
            )
        if first is None:
            self.first_password.forget()

    def set_role(self, name: str, role: Role) -> None:
        """Give a local user another role and sign them out everywhere.

        Raises
        ------
        AccountError
            There is no such user, the role is a program's, or an OpenID provider says what role it is.
        """
        _check(name, role)
        with self._database.write() as session:
            row = _named(session, name)
            if not row.password_hash:
                raise AccountError(f"The role of {name} is said by the OpenID provider.")
            row.role, row.changed_at = role, self._clock()
            session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))

    def remove(self, name: str) -> None:
        """Remove a person and sign them out everywhere.

        Raises
        ------
        AccountError
            There is no such user.
        """
        with self._database.write() as session:
            session.delete(_named(session, name))
        self._forget_first_password()

    def openid_user(self, name: str, role: Role) -> User:
        """Return the user an OpenID provider vouches for, with the role it gives them now.

        Raises
        ------
        AccountError
            The name cannot be a user's, or belongs to a local user, whom no provider may speak for.
        """
        _check(name, role)
        with self._database.write() as session:
            row = session.scalar(select(UserRow).where(func.lower(UserRow.name) == name.lower()))
            if row is None:
                row = self._new(session, name, role, "")
            if row.password_hash:
                raise AccountError(f"{name} is a local user; sign in with the password.")
            if row.role != role:
                session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))
            row.role = role
            return as_user(row)

    def _new(self, session: Session, name: str, role: Role, password_hash: str) -> UserRow:
        now = self._clock()
        row = UserRow(
            name=name,
            role=role,
            password_hash=password_hash,
            must_change_password=False,
            created_at=now,
            changed_at=now,
            last_sign_in_at=None,
        )
        session.add(row)
        session.flush()
        return row


def _check(name: str, role: Role) -> None:
    if NAME.fullmatch(name) is None:
        raise AccountError(f"{name!r} cannot be a user's name: letters, digits and . _ @ - only, at most 64.")
    if role not in (Role.READER, Role.ADMINISTRATOR):
        raise AccountError("A person is a reader or an administrator; a program gets a token.")


def _named(session: Session, name: str) -> UserRow:
    row = session.scalar(select(UserRow).where(func.lower(UserRow.name) == name.lower()))
    if row is None:
        raise AccountError(f"There is no user {name}.")
    return row


def as_user(row: UserRow) -> User:
    """Return a row as what the rest of the node sees of a user."""
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        must_change_password=row.must_change_password,
        is_local=bool(row.password_hash),
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
    )
