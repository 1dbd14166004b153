"""A SQLite file copied while others write to it, and read through."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from triage_node.backup.progress import Progress
from triage_node.errors import StorageError, StorageFull
from triage_node.private_files import make_private_file

PAGES_AT_ONCE = 1000
NOTHING_BYTES = 1 << 16
STEPS_BETWEEN_LOOKS = 100_000


def copy_sqlite(source: Path, target: Path, progress: Progress) -> dict[str, int]:
    """Copy a database as it is at one moment, and return how many rows each table has then.

    A transaction that only reads is open for so long: in the write-ahead log nobody waits for it.

    Raises
    ------
    StorageFull, StorageError
        The disk is full; the source cannot be read.
    """
    make_private_file(target)
    with (
        _errors(f"copy the database {source}", target),
        closing(_opened(source)) as live,
        closing(_opened(target)) as copy,
    ):
        live.execute("BEGIN")
        rows = _counted(live)

        def say(_status: int, remaining: int, total: int) -> None:
            progress("copying the database", total - remaining, total)

        live.backup(copy, pages=PAGES_AT_ONCE, progress=say)
        # One file, without a log beside it that would have to go with it.
        copy.execute("PRAGMA journal_mode=DELETE")
    return rows


def check_sqlite(path: Path, progress: Progress) -> dict[str, int]:
    """Read a database through to the last page and index, and return how many rows each table has.

    Raises
    ------
    StorageError
        It is damaged.
    """
    ends: list[Exception] = []

    def is_ended() -> bool:
        """Tell whether the progress wants an end; an error in here would only be an interruption to SQLite."""
        try:
            progress("verifying the database", 0, 0)
        except StorageError as error:
            ends.append(error)
        return bool(ends)

    with _errors(f"read the database {path}"), closing(_opened(path, "ro")) as copy:
        copy.set_progress_handler(is_ended, STEPS_BETWEEN_LOOKS)
        try:
            progress("verifying the database", 0, 0)
            return _read_through(path, copy)
        except sqlite3.OperationalError as error:
            raise (ends or [error])[0] from error


def _read_through(path: Path, copy: sqlite3.Connection) -> dict[str, int]:
    [found] = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise StorageError(f"The database {path} is damaged: {' '.join(str(found).split())}.")
    return _counted(copy)


def _counted(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    tables = sorted(name for (name,) in names if not name.startswith(("study_text", "study_trigram")))
    return {name: connection.execute(_count_of(name)).fetchone()[0] for name in tables}


def _count_of(table: str) -> str:
    quoted = table.replace('"', '""')
    return f'SELECT count(*) FROM "{quoted}"'  # noqa: S608 - a table's name is no parameter


def _opened(path: Path, mode: str = "rw") -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)


@contextmanager
def _errors(action: str, written: Path | None = None) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        is_full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        # What cannot be written because the disk is full is an input/output error in some places.
        is_full = is_full or (written is not None and shutil.disk_usage(written.parent).free < NOTHING_BYTES)
        raise (StorageFull if is_full else StorageError)(f"Could not {action}: {error}.") from error
