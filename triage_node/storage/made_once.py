"""A small file that is made once and never replaced: of several processes at once the first one's counts."""

import os
from contextlib import suppress
from pathlib import Path

from triage_node.complete_file import sync_folder
from triage_node.storage.durable_write import write_durably


def make_once(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 unless it is there, durably.

    Raises
    ------
    OSError, StorageError
        The file system refused.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        write_durably(own, content)
        with suppress(FileExistsError):
            os.link(own, path)
        sync_folder(path.parent)
    finally:
        own.unlink(missing_ok=True)
