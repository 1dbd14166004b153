"""Files of the spool, opened so that nothing odd in their place is waited for or leads out of it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from triage_node.errors import InvalidInstance


@contextmanager
def open_regular_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be read.

    Raises
    ------
    InvalidInstance
        It cannot be read, or is no file but a folder, a pipe or a link.
    """
    try:
        # A pipe would wait for its other end without O_NONBLOCK; a link may lead out of the spool.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InvalidInstance("It is not a regular file.")
            yield file
    except OSError as error:
        raise InvalidInstance(f"It cannot be read: {error.strerror or error}.") from error


def read_regular_file(path: Path, most_bytes: int) -> bytes:
    """Return the content of a small file; raises as `open_regular_file` does, also when it is not small."""
    with open_regular_file(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise InvalidInstance(f"It has more than {most_bytes} bytes.")
    return content
