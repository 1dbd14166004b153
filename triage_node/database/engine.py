"""The connection to the worklist's database, and its migrations."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.orm import Session

from triage_node.database.notifications import NOW, Notifications
from triage_node.database.revision import Revision, revision_of
from triage_node.database.server_clock import ServerClock
from triage_node.database.sqlite_file import BESIDE, damage_of, is_damage
from triage_node.errors import DatabaseDamaged, DatabaseRefused, RowRefused, SettingsError, StorageError
from triage_node.private_files import keep_private, make_missing_folders, make_private_file, make_private_folder
from triage_node.storage import Layout

log = logging.getLogger(__name__)

BUSY_TIMEOUT_SECONDS = 30
# PostgreSQL Appendix A: data exception, integrity constraint violation, program limit exceeded (a key too long).
SQLSTATES_OF_VALUES = frozenset({"22", "23", "54"})


# Who is cut off in the middle of a transaction must not hold up the others for the two hours that TCP takes by itself.
CLIENT_KEEPALIVE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
SESSION = """
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = 20000; SET idle_in_transaction_session_timeout = 60000; SET lock_timeout = 30000
"""
MIGRATION_LOCK = 0x54524942
"""Any number that no other program takes on this database."""


class Database:
    """Short transactions on the worklist's database.

    On SQLite: write-ahead log, a busy timeout, and ``BEGIN IMMEDIATE`` for every transaction that writes, so that two
    writers wait for one another instead of failing half-way.

    Parameters
    ----------
    url
        SQLAlchemy URL; ``sqlite:///PATH`` or PostgreSQL.
    before_commit
        What writes at the end of a transaction what its changes add up to, in this order.
    layout
        Where the results lie that a migration may have to read.
    """

    def __init__(
        self, url: str, before_commit: Sequence[Callable[[Session], None]] = (), layout: Layout | None = None
    ) -> None:
        try:
            self.url = make_url(url)
            self.url.get_dialect().import_dbapi()
        except (ArgumentError, ImportError, ValueError) as error:
            raise SettingsError(f"database_url cannot be used: {_short(error)}.") from error
        self.refusal = ""
        """Why the last transaction that wanted to write could not; empty when it could."""
        self._before_commit = tuple(before_commit)
        self._layout = layout
        arguments: dict[str, Any] = {}
        self.damage = ""
        self._was_connected = False
        if self._is_sqlite:
            arguments = {"timeout": BUSY_TIMEOUT_SECONDS}
        elif self.url.get_driver_name().startswith("psycopg"):
            arguments = {key: value for key, value in CLIENT_KEEPALIVE.items() if key not in self.url.query}
        if self.file is not None:
            _make_private(self.file)
        self.engine: Engine = create_engine(self.url, connect_args=arguments, pool_pre_ping=not self._is_sqlite)
        if self._is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "connect", self._note_connection)
            event.listen(self.engine, "begin", _begin_sqlite)
        server_clock = ServerClock()
        if self._is_postgresql:
            event.listen(self.engine, "connect", lambda connection, _record: _prepare_server(connection, server_clock))
        self.clock: Callable[[], float] = time.time if self._is_sqlite else server_clock
        """Seconds since 1970, by the clock that all who use the database go by."""
        self.notifications = Notifications(self.engine, server_clock)

    @property
    def is_on_server(self) -> bool:
        """Whether several processes and machines may use it at once."""
        return not self._is_sqlite

    @property
    def _is_postgresql(self) -> bool:
        return self.url.get_backend_name() == "postgresql"

    @property
    def _is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file; None on a server."""
        return Path(self.url.database) if self._is_sqlite and self.url.database else None

    def look_for_damage(self, seconds: float) -> None:
        """Look at the SQLite file for so long; 0 looks at its beginning only.

        Once there are connections it is not looked at any more: whoever closes a file gives up all locks that his
        process has on it (POSIX, fcntl), those of SQLite too; another process would then take itself for the last one,
        and remove the write-ahead log that this one goes on writing (https://sqlite.org/howtocorrupt.html, 2.2).

        Raises
        ------
        DatabaseDamaged
            It is damaged; the sentence says what to do.
        StorageError
            It cannot be looked at.
        """
        if self.file is not None and not self._was_connected and (damage := damage_of(self.file, seconds)):
            raise self._damaged(damage)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that may write; it is committed at the end of the block.

        Raises
        ------
        RowRefused
            The database does not take the values; nothing of the block was written.
        StorageError
            The database refused otherwise, whatever the values; nothing of the block was written.
        """
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
                for add_up in self._before_commit:
                    add_up(session)
            self.refusal = ""
        except (SQLAlchemyError, UnicodeError, OverflowError) as error:
            refused = self._refusal(error)
            if not isinstance(refused, RowRefused):
                self.refusal = _short(error)
            raise refused from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a snapshot to read from; it never waits for a writer.

        Raises
        ------
        StorageError
            The database refused.
        """
        try:
            with (
                self.engine.connect().execution_options(triage_reads=True) as connection,
                Session(connection) as session,
            ):
                yield session
        except (SQLAlchemyError, UnicodeError, OverflowError) as error:
            raise self._refusal(error) from error

    def migrate(self) -> None:
        """Bring the tables to this version's schema; safe to repeat.

        Raises
        ------
        DatabaseDamaged
            The SQLite file is damaged.
        StorageError
            The database cannot be reached or was written by a newer version.
        """
        self.look_for_damage(0)
        config = _migrations()
        try:
            with self.engine.begin() as connection:
                if self._is_postgresql:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                if (revision := revision_of(connection, config)).is_newer:
                    raise StorageError(f"The worklist's tables could not be prepared. {revision.too_new}")
                config.attributes |= {"connection": connection, "layout": self._layout}
                alembic.command.upgrade(config, "head")
        except (SQLAlchemyError, alembic.util.CommandError) as error:
            if is_damage(getattr(error, "orig", None)):
                raise self._damaged(_short(error)) from error
            raise StorageError(f"The worklist's tables could not be prepared: {_short(error)}.") from error

    def revision(self) -> Revision:
        """Tell which version's tables are there; nothing is changed.

        Raises
        ------
        StorageError
            The database cannot be reached.
        """
        with self.read() as session:
            return revision_of(session.connection(), _migrations())

    def close(self) -> None:
        """Close every connection."""
        self.notifications.stop()
        self.engine.dispose()

    def _note_connection(self, *_arguments: object) -> None:
        self._was_connected = True

    def _refusal(self, error: Exception) -> StorageError:
        if is_damage(getattr(error, "orig", None)):
            return self._damaged(_short(error))
        kind = RowRefused if _is_of_the_values(error) else DatabaseRefused
        return kind(f"The worklist's database refused: {_short(error)}.")

    def _damaged(self, what: str) -> DatabaseDamaged:
        """Remember the damage, log it once, and return the sentence that says what to do."""
        sentence = (
            f"The worklist's database {self.file} is damaged ({what}). Stop the node and run `triage-node rebuild`: it "
            "sets the file aside and makes the worklist anew from the spool."
        )
        if not self.damage:
            log.error("database_damaged %s", sentence)
        self.damage = what
        return DatabaseDamaged(sentence)


def _migrations() -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def make_data_folder(folder: Path) -> None:
    """Make the folder of the SQLite file, for its owner only.

    Raises
    ------
    StorageError
        The file system refused.
    """
    try:
        make_private_folder(folder)
    except OSError as error:
        raise StorageError(f"The data folder {folder} cannot be made: {error.strerror}.") from error


def _make_private(file: Path) -> None:
    """Keep the file from other users; what SQLite writes beside it takes its mode."""
    try:
        make_missing_folders(file.parent)
        make_private_file(file)
    except OSError as error:
        raise StorageError(f"The worklist's database {file} cannot be made: {error.strerror}.") from error
    for beside in BESIDE:
        keep_private(file.with_name(file.name + beside))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_server(connection: Any, clock: ServerClock) -> None:
    cursor = connection.cursor()
    cursor.execute(SESSION)

    def now() -> float:
        cursor.execute(NOW)
        return float(cursor.fetchone()[0])

    clock.follow(now)
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("triage_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _is_of_the_values(error: Exception) -> bool:
    """Tell what a database never takes from what it does not take now; a driver may refuse text and numbers itself."""
    if isinstance(error, DataError | IntegrityError | UnicodeError | OverflowError):
        return True
    if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    return state[:2] in SQLSTATES_OF_VALUES


def _short(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
