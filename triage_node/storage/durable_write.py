"""Writes of the spool: private, and on the disk before anyone is told."""

import os
from pathlib import Path

from triage_node.complete_file import partial_file, storage_errors, sync_folder


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a return it is whole under its name, whatever comes; it is never there in part.

    Raises
    ------
    StorageError, StorageFull
        The file system refused.
    """
    with storage_errors("keep a file"):
        with partial_file(path) as partial:
            _write_synced(partial, content)
        sync_folder(path.parent)


def _write_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
