"""One process at a time has the data folder."""

import fcntl
import os
from pathlib import Path
from typing import IO

from triage_node.complete_file import storage_errors
from triage_node.errors import FolderInUse
from triage_node.private_files import make_private_folder

LOCKS = Path("/proc/locks")


def lock_file(data_dir: Path) -> Path:
    """Return the file by which a node holds its data folder."""
    return data_dir / "node.lock"


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


def hold(data_dir: Path) -> IO[str]:
    """Make the data folder private and hold it until the file is closed or the process ends, however it ends.

    Raises
    ------
    FolderInUse
        Another process holds it.
    StorageError
        It cannot be used.
    """
    with storage_errors(f"use the data folder {data_dir}"):
        make_private_folder(data_dir)
        descriptor = os.open(lock_file(data_dir), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    file = os.fdopen(descriptor, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise FolderInUse(f"Another node uses the data folder {data_dir}.") from error
    return file
