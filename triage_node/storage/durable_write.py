"""Writes of the spool: private, and on the disk before anyone is told."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from triage_node.complete_file import partial_file, storage_errors, sync_folder

Parts: TypeAlias = Sequence[bytes | memoryview]
"""The bytes of a file, in order; at most 1024 of them are written at once (IOV_MAX)."""


def write_durably(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file so that after a return it is whole under its name, whatever comes; it is never there in part.

    Raises
    ------
    StorageError, StorageFull
        The file system refused.
    """
    with storage_errors("keep a file"):
        with partial_file(path) as partial:
            _write_synced(partial, parts)
        sync_folder(path.parent)


def _write_synced(path: Path, parts: Parts) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, parts)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, parts: Parts) -> None:
    """Write all parts to an open file, in one call when the system takes them so."""
    written = os.writev(descriptor, parts)
    for part in parts:
        left = memoryview(part)[written:]
        written = max(0, written - len(part))
        while left:
            left = left[os.write(descriptor, left) :]
