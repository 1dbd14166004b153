"""The backup that the node makes of itself each day."""

from collections.abc import Callable
from pathlib import Path

from triage_node.backup import BackupFolder, Contents, Making, make_backup
from triage_node.byte_size import byte_size
from triage_node.config import Settings
from triage_node.database import Database
from triage_node.errors import Interrupted
from triage_node.maintenance.job import Done
from triage_node.storage import device_uid


class DatabaseBackup:
    """Make a backup, verify it, and remove the oldest ones; none is removed before the new one is whole.

    Parameters
    ----------
    is_stopping
        Whether the node ends; then there is no backup, and the next start makes it.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        is_stopping: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._making = Making(settings, database, Contents(settings.backup_contents), self._progress, clock)
        self._folder = BackupFolder.of(settings)
        self._is_stopping = is_stopping

    def run(self) -> Done:
        """Make one.

        Raises
        ------
        StorageError
            It could not be made; the earlier ones stay.
        """
        kept = make_backup(self._folder, self._making)
        removed = self._folder.prune(self._settings.backup_keep, device_uid(self._settings.data_dir), kept.path)
        inventory, others = kept.inventory, self._folder.all()
        words = f"{kept.path} is whole: {inventory.rows.get('study', 0)} studies, {byte_size(_size(kept.path))}"
        words += f"; {len(others)} are kept" + (f", {len(removed)} removed" if removed else "")
        if kept.path.stat().st_dev == self._settings.data_dir.stat().st_dev:
            words += ", on the disk of the data folder, with which they may be lost: backup_dir names another one"
        if inventory.missing:
            return Done(f"{words}; of {inventory.missing} images no file was there", wants_look=True)
        return Done(words)

    def _progress(self, _what: str, _done: int, _of: int) -> None:
        if self._is_stopping():
            raise Interrupted("The node ended before the backup was whole; the next start makes it.")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
