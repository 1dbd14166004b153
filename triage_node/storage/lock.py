"""Who has the data folder: one process alone, or several of one database on a server."""

import fcntl
import logging
import os
import time
from pathlib import Path
from typing import IO

from triage_node.complete_file import storage_errors
from triage_node.errors import FolderInUse
from triage_node.private_files import make_private_folder

log = logging.getLogger(__name__)

FILE_NAME = "node.lock"
ALONE, PREPARING = "alone", "preparing"
LOOK_SECONDS = 0.2
LOOKS = 3
"""So often is a folder seen in the hands of one that keeps it before it is called in use: what the file says may be
what the one before wrote."""
LOCKS = Path("/proc/locks")


def lock_file(data_dir: Path) -> Path:
    """Return the file by which a node holds its data folder."""
    return data_dir / FILE_NAME


def is_held(data_dir: Path) -> bool:
    """Tell whether a node runs on a data folder, as far as proc(5) shows its lock.

    Nothing is locked to find it out: a node that starts just then would find its folder in use.
    """
    try:
        inode = str(lock_file(data_dir).stat().st_ino)
        locks = [line.split() for line in LOCKS.read_text().splitlines()]
    except OSError:
        return False
    return any(fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode for fields in locks)


class FolderLock:
    """The hold on a data folder, until it is closed or the process ends, however it ends.

    On a network file system it holds as far as that passes locks on (NFS version 4 does).

    Attributes
    ----------
    is_alone
        Whether no other process has the folder.
    """

    def __init__(self, data_dir: Path, file: IO[str], *, is_alone: bool) -> None:
        self._data_dir = data_dir
        self._file = file
        self.is_alone = is_alone

    def share(self, database_uid: str) -> None:
        """Let in the others of the same database, or join those that have the folder.

        Raises
        ------
        FolderInUse
            Those that have the folder use another database.
        """
        if self.is_alone:
            _write(self._file, database_uid)
            fcntl.flock(self._file, fcntl.LOCK_SH)
            self.is_alone = False
        elif (theirs := _read(self._file)) != database_uid:
            raise FolderInUse(
                f"The data folder {self._data_dir} is used by nodes of another database ({theirs}, here "
                f"{database_uid}): nodes that share a folder must have one database_url."
            )

    def close(self) -> None:
        """Let the folder go."""
        self._file.close()


def hold(data_dir: Path, *, shares: bool = False) -> FolderLock:
    """Make the data folder private and hold it.

    Parameters
    ----------
    shares
        Whether others may have it, too, once `FolderLock.share` was called: what each does is then claimed in a
        database on a server. The first has it alone until then, and the others wait for that.

    Raises
    ------
    FolderInUse
        Another process has it alone.
    StorageError
        It cannot be used.
    """
    with storage_errors(f"use the data folder {data_dir}"):
        make_private_folder(data_dir)
        descriptor = os.open(lock_file(data_dir), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    file = os.fdopen(descriptor, "r+")
    if _locked(file, fcntl.LOCK_EX):
        _write(file, PREPARING if shares else ALONE)
        return FolderLock(data_dir, file, is_alone=True)
    if shares and _joined(file):
        return FolderLock(data_dir, file, is_alone=False)
    file.close()
    raise FolderInUse(f"Another node uses the data folder {data_dir}.")


def _joined(file: IO[str]) -> bool:
    """Wait for one that prepares what all use; False when the folder is another's alone."""
    seen_alone, is_told = 0, False
    while seen_alone < LOOKS:
        if _locked(file, fcntl.LOCK_SH):
            return True
        is_alone = _read(file) == ALONE
        if not is_alone and not is_told:
            log.info("node_waits for=%r", "another that prepares the data folder")
            is_told = True
        seen_alone = seen_alone + 1 if is_alone else 0
        time.sleep(LOOK_SECONDS)
    return False


def _locked(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip()


def _write(file: IO[str], words: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(f"{words}\n")
    file.flush()
