"""Writes that survive a power cut: the bytes, then the name, each synced before anyone is told."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triage_node.errors import StorageError, StorageFull

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def storage_errors(action: str) -> Iterator[None]:
    """Turn an OSError into the node's storage errors.

    Raises
    ------
    StorageFull
        No space or quota is left.
    StorageError
        Anything else the file system refuses.
    """
    try:
        yield
    except OSError as error:
        kind = StorageFull if error.errno in FULL else StorageError
        raise kind(f"Could not {action}: {error.strerror or error}.") from error


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a return it is whole under its name, and after a failure it is absent.

    Raises
    ------
    StorageError, StorageFull
        The file system refused.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    with storage_errors("keep a file"):
        try:
            _write_synced(part, content)
            part.rename(path)
            sync_folder(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _write_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
