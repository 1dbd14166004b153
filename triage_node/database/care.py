"""Care of the database: its log written back, its statistics for queries, and the room that deleted rows left."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from triage_node.byte_size import byte_size
from triage_node.database.engine import BUSY_TIMEOUT_SECONDS, Database
from triage_node.errors import StorageError

COMPACTING_SECONDS = 0.6 * BUSY_TIMEOUT_SECONDS
"""Writers wait while the file is compacted, and no longer than for one another."""
WORTH_SHARE = 0.2
WORTH_BYTES = 16 << 20
"""The file is compacted when so much of it is free, and so many bytes: what is free is used again anyway."""
WORTH_STUDIES = 10_000
SAMPLES = 1000
STEPS_BETWEEN_LOOKS = 10_000


def care_for(database: Database, is_stopping: Callable[[], bool]) -> str:
    """Take care of a database while others use it; return what was done.

    Parameters
    ----------
    is_stopping
        Whether to leave the rest for the next time.

    Raises
    ------
    StorageError
        The database refused.
    """
    if database.file is None:
        return _care_for_server(database)
    try:
        with closing(sqlite3.connect(database.file, timeout=5, isolation_level=None)) as connection:
            done = [_compacted(connection, database.file, is_stopping), _written_back(connection)]
            done += _analyzed(connection)
    except sqlite3.DatabaseError as error:
        raise StorageError(f"The worklist's database {database.file} could not be taken care of: {error}.") from error
    return "; ".join(done)


def _compacted(connection: sqlite3.Connection, file: Path, is_stopping: Callable[[], bool]) -> str:
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    left = f"{byte_size(free * size)} of {byte_size(pages * size)} are free in the file"
    if free * size < max(WORTH_BYTES, WORTH_SHARE * pages * size):
        return f"{left}, nothing to compact"
    # The new file is written beside the old one, and then once more into the log.
    if shutil.disk_usage(file.parent).free < 3 * (pages - free) * size:
        return f"{left}; not compacted, as the disk has too little room"
    until = time.monotonic() + COMPACTING_SECONDS
    connection.set_progress_handler(lambda: is_stopping() or time.monotonic() > until, STEPS_BETWEEN_LOOKS)
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL):
            raise
        return f"{left}; not compacted ({error}), which is tried again the next time"
    finally:
        connection.set_progress_handler(None, 0)
    return f"compacted by {byte_size(free * size)}"


def _analyzed(connection: sqlite3.Connection) -> list[str]:
    """Count samples of each index, by which queries are planned; what is small may grow faster than that is repeated.

    As a transaction of a moment it never waits long for others, and is left for the next time when it would.
    """
    [studies] = connection.execute("SELECT count(*) FROM (SELECT 1 FROM study LIMIT ?)", (WORTH_STUDIES,)).fetchone()
    if studies < WORTH_STUDIES:
        return []
    connection.execute(f"PRAGMA analysis_limit={SAMPLES}")
    try:
        connection.execute("ANALYZE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL):
            raise
        return [f"not analyzed ({error}), which is tried again the next time"]
    return ["analyzed"]


def _written_back(connection: sqlite3.Connection) -> str:
    """Write the log back into the file and empty it, as far as readers let it."""
    is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return "its log was in use and is written back later" if is_busy else "its log was written back"


def _care_for_server(database: Database) -> str:
    try:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE, SKIP_LOCKED)")
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StorageError(f"The worklist's database could not be taken care of: {why}.") from error
    return "vacuumed and analyzed"
