"""Where one process keeps what it receives until that has its row: what one that died left is taken over."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from triage_node.complete_file import PARTIAL, storage_errors, sync_folder
from triage_node.private_files import make_private_folder

LOCK = "lock"
NEW = ".new"
"""Ends the name of an inbox that has no lock yet."""


class Inbox:
    """A folder in ``incoming/`` for each of several processes, which is locked as long as its process lives.

    Parameters
    ----------
    incoming
        The folder of all inboxes.
    name
        One that no other process has or had.
    """

    def __init__(self, incoming: Path, name: str) -> None:
        self._incoming = incoming
        self.folder = incoming / name
        new = incoming / f"{name}{NEW}"
        with storage_errors("make an inbox"):
            make_private_folder(new)
            lock = _locked(new)
            assert lock is not None
            self._lock = lock
            new.rename(self.folder)
            sync_folder(incoming)

    def close(self) -> None:
        """Let it go; what is in it is taken over, or found by the next start."""
        if not any(path.name != LOCK for path in self.folder.iterdir()):
            _remove(self.folder)
        self._lock.close()


def adopt(incoming: Path, into: Path, suffix: str) -> list[Path]:
    """Move what processes that do not live any more left of files with that suffix; return where it lies now.

    Parameters
    ----------
    incoming
        The folder of all inboxes; what lies in it itself is nobody's, unless it is where all is moved to.
    into
        An own inbox, or ``incoming`` where one process has the spool alone.

    Raises
    ------
    StorageError
        The file system refused; what was not moved is moved the next time.
    """
    with storage_errors("take over an inbox"):
        moved = [] if into == incoming else _take_all(incoming, into, suffix)
        for folder in sorted(incoming.iterdir()):
            if folder.suffix not in (NEW, suffix) and folder != into and folder.is_dir():
                moved += _take_over(folder, into, suffix)
        return moved


def _take_over(folder: Path, into: Path, suffix: str) -> list[Path]:
    lock = _locked(folder)
    if lock is None:
        return []
    with lock:
        moved = _take_all(folder, into, suffix)
        _remove(folder)
        return moved


def _take_all(folder: Path, into: Path, suffix: str) -> list[Path]:
    """Move the files with a suffix from one folder to another, durably, and remove what is half-written there."""
    for part in folder.glob(f"*{PARTIAL}"):
        part.unlink(missing_ok=True)
    moved = []
    for path in folder.glob(f"*{suffix}"):
        with suppress(FileNotFoundError):  # another was first
            moved.append(path.rename(into / path.name))
    if moved:
        sync_folder(into)
        sync_folder(folder)
    return moved


def _locked(folder: Path) -> IO[str] | None:
    """Lock a folder; None when the process lives that has it, or the folder is gone."""
    with suppress(FileNotFoundError):
        file = os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        return file
    return None


def _remove(folder: Path) -> None:
    with suppress(OSError):  # something else is in it: a person has to look
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()
