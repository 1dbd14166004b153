"""A backup put into an empty folder, so that a node can start there; what was open waits for a person."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from triage_node.backup.inventory import FILE_NAME, Inventory
from triage_node.backup.postgresql_dump import restore_dump
from triage_node.backup.progress import Progress, nothing_said
from triage_node.backup.verifying import verify_backup
from triage_node.complete_file import storage_errors
from triage_node.config import Settings
from triage_node.database import Database
from triage_node.errors import SettingsError, StorageError
from triage_node.ingest import Indexer
from triage_node.private_files import make_missing_folders, make_private_file, make_private_folder
from triage_node.storage import RestoreMark, Spool, Watermarks, hold, spool_folder
from triage_node.worklist import Held, Worklist

LOCK = "node.lock"


@dataclass(frozen=True)
class Restored:
    """What was restored, and what is held of it."""

    inventory: Inventory
    held: Held
    studies: int


def restore_backup(
    backup: Path,
    settings: Settings,
    progress: Progress = nothing_said,
    clock: Callable[[], float] = time.time,
) -> Restored:
    """Verify a backup and put it into the data folder, and the database, of the settings.

    The tables are brought to this version's schema. Reports that were not delivered and studies that were open when
    the backup was made are held: they may have been delivered and analyzed since. Nobody is signed in any more;
    passwords and tokens are those of the time of the backup.

    Raises
    ------
    SettingsError
        The data folder is not empty, or the settings name another kind of database.
    StorageError
        The backup is damaged, or something cannot be written. A folder in which it was cut off is begun anew.
    """
    inventory = Inventory.read(backup)
    _check_target(backup, inventory, settings)
    verify_backup(backup, progress)
    with closing(hold(settings.data_dir)):
        _begin(settings.data_dir)
        _copy_files(backup, inventory, settings, progress)
        _put_database(backup, inventory, settings, progress)
        progress("preparing the worklist", 0, 0)
        restored = _taken_up(inventory, settings, clock)
        os.sync()
        RestoreMark(settings.data_dir).end()
    return restored


def _check_target(backup: Path, inventory: Inventory, settings: Settings) -> None:
    data_dir, database = settings.data_dir, _kind_of(settings)
    if database != inventory.database:
        raise SettingsError(
            f"The backup {backup} holds a database of {inventory.database}, database_url names one of {database}."
        )
    if RestoreMark(data_dir).is_there:
        return
    if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise SettingsError(
            f"{data_dir} is not empty, and nothing is ever overwritten: name another folder with --data-dir, or move "
            "that one away."
        )


def _kind_of(settings: Settings) -> str:
    return "sqlite" if settings.effective_database_url.startswith("sqlite") else "postgresql"


def _begin(data_dir: Path) -> None:
    """Mark the folder, and clear it of what an earlier try left."""
    mark = RestoreMark(data_dir)
    mark.begin()
    with storage_errors(f"clear the folder {data_dir}"):
        for path in data_dir.iterdir():
            if path.name in (mark.name, LOCK):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _copy_files(backup: Path, inventory: Inventory, settings: Settings, progress: Progress) -> None:
    spool = spool_folder(backup)
    paths = [path for path in sorted(spool.rglob("*")) if path.is_file()]
    make_private_folder(spool_folder(settings.data_dir))
    for done, path in enumerate(paths):
        progress("restoring the spool", done, len(paths))
        _copy(path, settings.data_dir / path.relative_to(backup))
    for name in inventory.sha256:
        if name not in (FILE_NAME, inventory.database_file):
            _copy(backup / name, settings.data_dir / name)


def _copy(source: Path, target: Path) -> None:
    with storage_errors(f"restore {target}"):
        make_missing_folders(target.parent)
        make_private_file(target)
        shutil.copyfile(source, target)
        shutil.copystat(source, target)


def _put_database(backup: Path, inventory: Inventory, settings: Settings, progress: Progress) -> None:
    database = Database(settings.effective_database_url)
    try:
        if database.file is None:
            restore_dump(database, backup / inventory.database_file, progress)
            return
    finally:
        database.close()
    if database.file.stat().st_size:
        raise SettingsError(f"There is a database in {database.file} already, and nothing is ever overwritten.")
    progress("restoring the database", 0, 0)
    _copy(backup / inventory.database_file, database.file)


def _taken_up(inventory: Inventory, settings: Settings, clock: Callable[[], float]) -> Restored:
    """Bring the worklist up to date, register what was just received, and hold what was open."""
    worklist = Worklist(settings, clock)
    try:
        worklist.prepare()
        indexer = Indexer(Spool(spool_folder(settings.data_dir), Watermarks.of(settings)), worklist)
        indexer.start()
        indexer.stop()
        if left := indexer.state().backlog:
            raise StorageError(f"{left} images that had just been received could not be registered; repeat it.")
        held = worklist.holding.hold_all(inventory.made)
        studies = sum(worklist.study_details.studies_by_state().values())
    finally:
        worklist.close()
    return Restored(inventory, held, studies)
