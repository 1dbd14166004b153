"""Writes of the spool: private, and on the disk before anyone is told."""

import os
from pathlib import Path

from triage_node.complete_file import partial_file, storage_errors


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a return it is whole under its name, and after a failure it is absent.

    Raises
    ------
    StorageError, StorageFull
        The file system refused.
    """
    with storage_errors("keep a file"), partial_file(path, durable=True) as partial:
        _write_private(partial, content)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
