"""The folder that backups lie in: their names, one maker at a time, and how many are kept."""

import fcntl
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from triage_node.backup.inventory import FILE_NAME, Inventory
from triage_node.complete_file import PARTIAL, storage_errors, sync_folder
from triage_node.config import Settings
from triage_node.errors import FolderInUse, StorageError
from triage_node.private_files import make_missing_folders

log = logging.getLogger(__name__)

PREFIX = "triage-backup-"
UNFINISHED = re.compile(rf"\.{PREFIX}[\w-]+\{PARTIAL}")


@dataclass(frozen=True)
class Kept:
    """A backup that lies in the folder."""

    path: Path
    inventory: Inventory


class BackupFolder:
    """Make and keep backups.

    A backup is a folder that has its name when it is whole; before, the name begins with a dot. What a kill left of
    one is removed before the next is made.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the one of the settings."""
        return cls(settings.backup_dir or settings.data_dir / "backups")

    @contextmanager
    def new(self, at: datetime) -> Iterator[Path]:
        """Yield an empty folder; it takes the name of a backup when the block ends well, and goes when it does not.

        Raises
        ------
        FolderInUse
            Another process makes a backup here.
        StorageError
            The file system refused.
        """
        with self._held():
            self._clear()
            target = self._free_name(at)
            partial = self.path / f".{target.name}{PARTIAL}"
            try:
                with storage_errors(f"make a folder in {self.path}"):
                    partial.mkdir(mode=0o700)
                yield partial
                with storage_errors(f"complete the backup {target}"):
                    sync_folder(partial)
                    partial.rename(target)
                    sync_folder(self.path)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise

    def named(self, partial: Path) -> Path:
        """Return what an unfinished backup will be called."""
        return self.path / partial.name.removeprefix(".").removesuffix(PARTIAL)

    def all(self) -> list[Kept]:
        """Return every backup that is whole, the latest first; what is none, or cannot be read, is left out."""
        found = []
        for path in self.path.glob(f"{PREFIX}*/{FILE_NAME}"):
            try:
                found.append(Kept(path.parent, Inventory.read(path.parent)))
            except StorageError as error:
                log.warning("backup_not_readable path=%s error=%s", path.parent, error)
        return sorted(found, key=lambda one: (one.inventory.made_at, one.path.name), reverse=True)

    def prune(self, keep: int, device_uid: str, made: Path) -> list[Path]:
        """Remove the oldest backups of an installation but for so many; the one just made always stays.

        Returns
        -------
        list of Path
            What was removed.
        """
        others = [one for one in self.all() if one.inventory.device_uid == device_uid and one.path != made]
        removed = []
        for one in others[keep - 1 :]:
            # Whoever looks at it meanwhile finds no half of a backup: first its name goes.
            hidden = one.path.with_name(f".{one.path.name}{PARTIAL}")
            with storage_errors(f"remove the backup {one.path}"):
                one.path.rename(hidden)
            shutil.rmtree(hidden, ignore_errors=True)
            removed.append(one.path)
        return removed

    @contextmanager
    def _held(self) -> Iterator[None]:
        with storage_errors(f"use the folder of backups {self.path}"):
            make_missing_folders(self.path)
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise FolderInUse(f"Another backup is being made in {self.path}; wait for its end.") from error
            yield
        finally:
            os.close(descriptor)

    def _clear(self) -> None:
        for path in self.path.iterdir():
            if UNFINISHED.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)

    def _free_name(self, at: datetime) -> Path:
        stem = f"{PREFIX}{at:%Y-%m-%dT%H-%M-%S}"
        number, path = 1, self.path / stem
        while path.exists():
            number += 1
            path = self.path / f"{stem}-{number}"
        return path
