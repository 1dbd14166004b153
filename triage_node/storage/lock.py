"""One process at a time has the data folder."""

import fcntl
import os
from pathlib import Path
from typing import IO

from triage_node.complete_file import storage_errors
from triage_node.errors import FolderInUse
from triage_node.private_files import make_private_folder


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
        descriptor = os.open(data_dir / "node.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    file = os.fdopen(descriptor, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise FolderInUse(f"Another node uses the data folder {data_dir}.") from error
    return file
