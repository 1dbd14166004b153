"""A backup of a node, made while it runs: what it holds, in which order, and that it can be read."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from triage_node import __version__
from triage_node.backup.backup_folder import BackupFolder, Kept
from triage_node.backup.inventory import DUMP_FILE, FILE_NAME, SQLITE_FILE, Contents, Inventory, sha256_of
from triage_node.backup.postgresql_dump import dump_postgresql
from triage_node.backup.progress import Progress, nothing_said
from triage_node.backup.spool_copy import Room, SpoolCopy
from triage_node.backup.sqlite_copy import copy_sqlite
from triage_node.backup.verifying import verify_backup
from triage_node.byte_size import byte_size
from triage_node.complete_file import storage_errors
from triage_node.config import Settings
from triage_node.database import Database
from triage_node.errors import StorageFull
from triage_node.private_files import make_private_file, make_private_folder
from triage_node.storage import Disk, Layout, Watermarks, device_uid, spool_folder

SMALL_FILES = ("device-uid", "deidentification-key", "one-time-password.txt")
"""What makes the node the one it is, beside its database: the UID in its reports, the key of its exports, and the first
administrator's password until it is changed."""


@dataclass(frozen=True)
class Making:
    """How a backup is made.

    Attributes
    ----------
    settings
        Of the node.
    database
        Of its worklist.
    contents
        How much is to be kept.
    progress
        Told of each step.
    clock
        Seconds since 1970.
    """

    settings: Settings
    database: Database
    contents: Contents
    progress: Progress = nothing_said
    clock: Callable[[], float] = time.time


def make_backup(folder: BackupFolder, making: Making) -> Kept:
    """Make a backup and read it through; it is there whole, or not at all.

    Raises
    ------
    StorageFull
        There is no room for it beside what shall stay free.
    StorageError
        Something cannot be read or written, or what was written cannot be read.
    """
    at, settings = making.clock(), making.settings
    made = datetime.fromtimestamp(at, settings.zone)
    with folder.new(made) as partial:
        room = _room(partial, settings, folder.path)
        if making.database.file is not None:
            room(_size_of(making.database.file))
        inventory = Inventory(
            version=__version__,
            made_at=at,
            made=made.isoformat(timespec="seconds"),
            node=settings.ae_title.strip(),
            device_uid=device_uid(settings.data_dir),
            contents=making.contents,
            database=making.database.url.get_backend_name(),
            rows={},
        )
        _write_inventory(partial, _filled(partial, inventory, making, room))
        verified = verify_backup(partial, making.progress)
        target = folder.named(partial)
    return Kept(target, verified)


def _filled(partial: Path, inventory: Inventory, making: Making, room: Room) -> Inventory:
    """Copy everything; return the inventory with what is there."""
    source = Layout(spool_folder(making.settings.data_dir))
    spool = SpoolCopy(source, Layout(spool_folder(partial)), room, making.progress)
    if making.contents is not Contents.DATABASE:
        make_private_folder(spool_folder(partial))
    if making.contents is Contents.SPOOL:
        spool.waiting()
    rows = _copy_database(partial, making)
    _copy_small_files(making.settings.data_dir, partial)
    if making.contents is not Contents.DATABASE:
        spool.studies(making.contents)
    digests = {path.name: sha256_of(path) for path in sorted(partial.iterdir()) if path.is_file()}
    copied = spool.copied
    missing = spool.missing(partial / SQLITE_FILE) if making.contents is Contents.SPOOL else None
    return replace(inventory, rows=rows, sha256=digests, files=copied.files, size_bytes=copied.bytes, missing=missing)


def _copy_database(partial: Path, making: Making) -> dict[str, int]:
    database = making.database
    if database.file is not None:
        return copy_sqlite(database.file, partial / SQLITE_FILE, making.progress)
    make_private_file(partial / DUMP_FILE)
    return dump_postgresql(database, partial / DUMP_FILE, making.progress)


def _copy_small_files(data_dir: Path, partial: Path) -> None:
    for name in SMALL_FILES:
        with storage_errors(f"copy {name}"):
            if (data_dir / name).is_file():
                make_private_file(partial / name)
                shutil.copyfile(data_dir / name, partial / name)


def _write_inventory(partial: Path, inventory: Inventory) -> None:
    with storage_errors("make the backup durable"):
        make_private_file(partial / FILE_NAME)
        (partial / FILE_NAME).write_bytes(inventory.as_json())
        for name in (*inventory.sha256, FILE_NAME):
            with (partial / name).open("rb+") as file:
                os.fsync(file.fileno())


def _size_of(file: Path) -> int:
    sizes = [path.stat().st_size for path in (file, file.with_name(f"{file.name}-wal")) if path.exists()]
    return sum(sizes)


def _room(partial: Path, settings: Settings, folder: Path) -> Room:
    """Return what refuses a file that would take what shall stay free for what comes in."""
    disk = Disk(partial, Watermarks.of(settings))

    def room(size_bytes: int) -> None:
        try:
            disk.check(size_bytes)
        except StorageFull as error:
            free, reserve = byte_size(disk.space().free), byte_size(disk.space().reserve)
            raise StorageFull(
                f"No backup was made: {byte_size(size_bytes)} more are needed in {folder}, where {free} are free and "
                f"{reserve} shall stay so. Make room there, or set backup_dir to another disk."
            ) from error

    return room
