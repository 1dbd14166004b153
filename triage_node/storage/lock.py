"""One process at a time has the data folder."""

import fcntl
import os
from pathlib import Path
from typing import IO

from triage_node.complete_file import storage_errors
from triage_node.errors import FolderInUse, StorageError
from triage_node.private_files import make_private_folder

UNFINISHED = "restore-unfinished"
"""Lies in a data folder while a backup is being restored into it."""


def hold(data_dir: Path, *, may_be_unfinished: bool = False) -> IO[str]:
    """Make the data folder private and hold it until the file is closed or the process ends, however it ends.

    Parameters
    ----------
    may_be_unfinished
        Whether a folder will do that a backup was not restored into to the end.

    Raises
    ------
    FolderInUse
        Another process holds it.
    StorageError
        It cannot be used.
    """
    if not may_be_unfinished and (data_dir / UNFINISHED).exists():
        raise StorageError(
            f"Restoring a backup into {data_dir} was cut off: repeat `triage-node restore`, which begins anew."
        )
    with storage_errors(f"use the data folder {data_dir}"):
        make_private_folder(data_dir)
        descriptor = os.open(data_dir / "node.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    file = os.fdopen(descriptor, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise FolderInUse(f"Another node uses the data folder {data_dir}.") from error
    return file
