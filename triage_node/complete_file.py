"""Files that appear under their name only when complete."""

import errno
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triage_node.errors import StorageError, StorageFull

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PARTIAL = ".part"
"""How the name of a file ends that is not complete; a process that was killed leaves it."""


_process = 0
_token = ""
_count = itertools.count()


def unique_name() -> str:
    """Return what no other file is called by, of this process or another one, before or after."""
    global _process, _token
    if _process != os.getpid():
        _process, _token = os.getpid(), os.urandom(8).hex()
    return f"{_process}.{_token}.{next(_count)}"


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Yield a name to write to; the file takes its real name when the block ends well, and goes when it does not.

    Raises
    ------
    StorageFull, StorageError
        The disk is full or refuses; what was complete before stays as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial_file(path) as partial:
            yield partial
    except OSError as error:
        raise _refused(path, error) from error


@contextmanager
def partial_file(path: Path) -> Iterator[Path]:
    """Do what `complete_file` does in a folder that is there, and let an `OSError` pass.

    What has to survive a power cut is synced by who writes it, through the descriptor that wrote it: one that is opened
    later may not be told of an error (fsync(2)). The name is synced after the block (`sync_folder`).
    """
    partial = path.with_name(f".{path.name}.{unique_name()}{PARTIAL}")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        _remove(partial)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def _remove(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except NotADirectoryError:  # there never was a folder to hold it
        return


def _refused(path: Path, error: OSError) -> StorageError:
    kind = StorageFull if error.errno in FULL else StorageError
    why = "the disk is full" if error.errno in FULL - {errno.EFBIG} else error.strerror or str(error)
    return kind(f"{path} cannot be written: {why}; what is complete stays, so call again after that.", path=path)
