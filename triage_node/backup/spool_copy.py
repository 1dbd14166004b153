"""The files of a spool copied while a node works on it."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from triage_node.backup.inventory import Contents
from triage_node.backup.progress import Progress
from triage_node.complete_file import PARTIAL, storage_errors
from triage_node.private_files import make_missing_folders
from triage_node.storage import Layout

Room = Callable[[int], None]
"""Called before each file with its length; raises `StorageFull` when there is no room for it."""


@dataclass
class Copied:
    """How many files were copied, and how long they are together."""

    files: int = 0
    bytes: int = 0


class SpoolCopy:
    """Copy a spool in the order that loses nothing which was acknowledged before the copy began.

    First what is received and has no row yet (`waiting`), then the database, then the studies (`studies`): whatever had
    a row by then has its place. What comes in or goes meanwhile may be there or not; both are as after a crash.
    """

    def __init__(self, source: Layout, target: Layout, room: Room, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._room = room
        self._progress = progress
        self.copied = Copied()

    def waiting(self) -> None:
        """Copy what has no row yet."""
        for folder in (self._source.incoming, self._source.quarantine):
            self._copy("copying what was just received", list(_files(folder)))

    def studies(self, contents: Contents) -> None:
        """Copy the studies, or of each its results only."""
        folders = sorted(self._source.studies.glob("??/*"))
        for done, folder in enumerate(folders):
            self._progress("copying studies", done, len(folders))
            self._copy("", _files(folder if contents is Contents.SPOOL else folder / "results"))
        os.sync()

    def missing(self, database: Path) -> int | None:
        """Return of how many instances of a copied database no file was copied; None when it is no SQLite file."""
        if not database.exists():
            return None
        query = (
            "SELECT study_instance_uid, sop_instance_uid, result_file FROM instance "
            "JOIN study ON study.id = instance.study_id"
        )
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as connection:
            return sum(not self._target.stored_file(*row).exists() for row in connection.execute(query))

    def _copy(self, what: str, paths: Iterable[Path]) -> None:
        for path in paths:
            if what:
                self._progress(what, 0, 0)
            with storage_errors(f"copy {path.name}"):
                self._copy_one(path)

    def _copy_one(self, path: Path) -> None:
        target = self._target.root / path.relative_to(self._source.root)
        try:
            size = path.stat().st_size
            self._room(size)
            make_missing_folders(target.parent)
            shutil.copyfile(path, target)
            shutil.copystat(path, target)
        except FileNotFoundError:
            return  # it was filed, or deleted, meanwhile
        self.copied.files += 1
        self.copied.bytes += size


def _files(folder: Path) -> Iterator[Path]:
    """Yield every whole file below a folder, which need not be there."""
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in sorted(names) if not name.endswith(PARTIAL))
