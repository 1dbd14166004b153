"""A file that comes in piece by piece: too big for memory, and without a name until it is whole."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from triage_node.complete_file import PARTIAL, storage_errors, sync_folder
from triage_node.storage.durable_write import Parts, write_all


class Draft:
    """A file in the making; what a crash leaves of it is removed at the next start (`Spool.unfiled`).

    Parameters
    ----------
    folder
        Where it is written.
    check_space
        Raises when so many bytes more are not wanted on the disk.
    """

    def __init__(self, folder: Path, check_space: Callable[[int], None]) -> None:
        self._path = folder / f"draft.{os.getpid()}.{os.urandom(8).hex()}{PARTIAL}"
        self._check_space = check_space
        self.size_bytes = 0
        with storage_errors("keep a file"):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._file: BinaryIO = os.fdopen(os.open(self._path, flags, 0o600), "w+b", buffering=0)
        self._reader: BinaryIO | None = None

    def write(self, parts: Parts) -> None:
        """Add bytes; not yet durable.

        Raises
        ------
        StorageError, StorageFull
            The disk refused.
        """
        size_bytes = sum(map(len, parts))
        self._check_space(size_bytes)
        with storage_errors("keep a file"):
            write_all(self._file.fileno(), parts)
        self.size_bytes += size_bytes

    def start(self, size_bytes: int) -> bytes:
        """Return the first bytes."""
        with storage_errors("keep a file"):
            return os.pread(self._file.fileno(), size_bytes, 0)

    def replace_start(self, content: bytes) -> None:
        """Write other bytes at the beginning; the file stays as long as it is."""
        with storage_errors("keep a file"):
            if content != self.start(len(content)):
                os.pwrite(self._file.fileno(), content, 0)

    def opened(self) -> BinaryIO:
        """Return the file, at its beginning, to be read; it is not written to any more."""
        self._file.seek(0)
        # A header is read a few bytes at a time, and each system call would yield to the other threads.
        self._reader = self._reader or io.BufferedReader(self._file)  # type: ignore[type-var]
        return self._reader

    def keep(self, path: Path) -> None:
        """Give it its name; after the return it survives a power cut."""
        with storage_errors("keep a file"):
            os.fdatasync(self._file.fileno())
            self._close()
            self._path.replace(path)
            sync_folder(path.parent)

    def discard(self) -> None:
        """Remove it, if it was not kept."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        (self._reader or self._file).close()
