"""The worklist's SQLite file as a file: is it damaged, and out of the way with it."""

import logging
import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from triage_node.errors import StorageError
from triage_node.private_files import keep_private

log = logging.getLogger(__name__)

BESIDE = ("-wal", "-shm")
# https://sqlite.org/fileformat2.html#walformat: the two magic numbers of a write-ahead log, and its header.
WAL_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
WAL_HEADER_BYTES = 32
MAGIC = b"SQLite format 3\0"
SMALLEST_PAGE = 512
DAMAGES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
STEPS_BETWEEN_LOOKS = 10_000


def is_damage(error: BaseException | None) -> bool:
    """Tell whether SQLite found its file damaged, rather than busy, full or out of reach."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGES


def damage_of(path: Path, seconds: float | None = None) -> str:
    """Return what is found wrong with a file, "" when nothing is or there is none.

    Parameters
    ----------
    seconds
        The look at all pages ends after this time, without a finding; None takes as long as it takes, 0 looks at the
        beginning only.

    Raises
    ------
    StorageError
        It cannot be looked at.
    """
    if path.is_dir():
        return "a folder lies in its place"
    if not path.exists() or path.stat().st_size == 0:
        return ""
    if not os.access(path, os.R_OK | os.W_OK):
        raise StorageError(f"The worklist's database {path} cannot be read and written by this user; see its owner.")
    # SQLite takes a file shorter than a page for an empty one.
    with path.open("rb") as file:
        if len(head := file.read(SMALLEST_PAGE)) < SMALLEST_PAGE or not head.startswith(MAGIC):
            return "file is not a database"
    return _damage_of_log(path.with_name(f"{path.name}-wal")) or _damage_of_pages(path, seconds)


def set_aside(path: Path) -> list[Path]:
    """Rename a file and what SQLite keeps beside it, with the time in the name; return the new names."""
    stem = f"{path.stem}.set-aside-{time.strftime('%Y%m%dT%H%M%S')}"
    number, target = 1, path.with_name(stem + path.suffix)
    while target.exists():
        number += 1
        target = path.with_name(f"{stem}-{number}{path.suffix}")
    moved = []
    for suffix in ("", *BESIDE):
        source, aside = path.with_name(path.name + suffix), target.with_name(target.name + suffix)
        if not os.path.lexists(source):
            continue
        try:
            source.rename(aside)
        except OSError as error:
            raise StorageError(f"{source} could not be set aside: {error.strerror}.") from error
        keep_private(aside)
        moved.append(aside)
    return moved


def _damage_of_log(path: Path) -> str:
    try:
        with path.open("rb") as file:
            header = file.read(WAL_HEADER_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"what lies at {path.name} cannot be read: {error.strerror}"
    # A log whose header was never written holds nothing yet.
    if not header.strip(b"\0") or header.startswith(WAL_MAGIC):
        return ""
    return f"{path.name} is no write-ahead log"


def _damage_of_pages(path: Path, seconds: float | None) -> str:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=5)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if seconds == 0:
            return ""
        if seconds is not None:
            end = time.monotonic() + seconds
            connection.set_progress_handler(lambda: time.monotonic() > end, STEPS_BETWEEN_LOOKS)
        [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
        return "" if found == "ok" else " ".join(str(found).split())
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            log.info("database_check_unfinished seconds=%g", seconds)
            return ""
        raise StorageError(f"The worklist's database {path} cannot be opened: {error}.") from error
    finally:
        connection.close()
