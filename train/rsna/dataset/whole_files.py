"""Files that appear under their name only when complete, and what to say when the disk does not take them."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triage_node.errors import StorageError, StorageFull


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Yield a name to write to; the file takes its real name when the block ends well, and goes when it does not.

    Raises
    ------
    StorageFull, StorageError
        When the disk is full or refuses; what was complete before stays as it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        _remove(partial)


def _remove(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except NotADirectoryError:  # there never was a folder to hold it
        return


def _refused(path: Path, error: OSError) -> StorageError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    why = "the disk is full" if full else error.strerror or str(error)
    kind = StorageFull if full else StorageError
    return kind(f"{path} cannot be written: {why}; what is complete stays, so call again after that.", path=path)
