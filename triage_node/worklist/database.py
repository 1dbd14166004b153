"""The connection to the worklist's database, and its migrations."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from triage_node.errors import SettingsError, StorageError
from triage_node.worklist.changes import settled

BUSY_TIMEOUT_SECONDS = 30


class Database:
    """Short transactions on the worklist's database.

    On SQLite: write-ahead log, a busy timeout, and ``BEGIN IMMEDIATE`` for every transaction that writes, so that two
    writers wait for one another instead of failing half-way.

    Parameters
    ----------
    url
        SQLAlchemy URL; ``sqlite:///PATH`` or PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
            self.url.get_dialect().import_dbapi()
        except (ArgumentError, ImportError, ValueError) as error:
            raise SettingsError(f"database_url cannot be used: {_short(error)}.") from error
        arguments: dict[str, Any] = {}
        if self._is_sqlite:
            arguments = {"timeout": BUSY_TIMEOUT_SECONDS}
            if self.url.database:
                Path(self.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.engine: Engine = create_engine(self.url, connect_args=arguments, pool_pre_ping=not self._is_sqlite)
        if self._is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def _is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that may write; it is committed at the end of the block.

        Raises
        ------
        StorageError
            The database refused; nothing of the block was written.
        """
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin(), settled(session):
                yield session
        except SQLAlchemyError as error:
            raise StorageError(f"The worklist's database refused: {_short(error)}.") from error

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
        except SQLAlchemyError as error:
            raise StorageError(f"The worklist's database refused: {_short(error)}.") from error

    def migrate(self) -> None:
        """Bring the tables to this version's schema; safe to repeat.

        Raises
        ------
        StorageError
            The database cannot be reached or was written by a newer version.
        """
        config = alembic.config.Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        try:
            with self.engine.begin() as connection:
                config.attributes["connection"] = connection
                alembic.command.upgrade(config, "head")
        except (SQLAlchemyError, alembic.util.CommandError) as error:
            raise StorageError(f"The worklist's tables could not be prepared: {_short(error)}.") from error

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("triage_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _short(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
