"""An archive in folders of this machine, or of a file system that every machine of a cluster has mounted."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage_node.archive.archive import LocalFiles
from triage_node.archive.entries import LINK, Batch, Entry, Folder, batches, walk
from triage_node.archive.index_rows import IndexRow


@dataclass(frozen=True)
class FolderArchive:
    """Read the files where they lie."""

    root: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root)

    def folder(self, name: str) -> Folder:
        """List a folder; links to files are followed, links to folders are not."""
        files, folders = [], []
        with os.scandir(self.root / name) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    folders.append(one.name)
                else:
                    files.append(Entry(one.name, LINK if one.is_symlink() and one.is_dir() else ""))
        return Folder(tuple(files), tuple(folders))

    def batches(self, after: str) -> Iterator[Batch]:
        """List folder by folder."""
        return batches(walk(self, after), after)

    def index(self, batch: Batch) -> list[IndexRow]:
        """Read the headers."""
        return [
            IndexRow.left_out(one.name, one.why) if one.why else IndexRow.read(one.name, self.root / one.name)
            for one in batch.entries
        ]

    def fetch(self, _study_instance_uid: str, names: Sequence[str], _folder: Path) -> LocalFiles:
        """Return the files as they lie there."""
        by_path = {self.root / name: name for name in names}
        return LocalFiles(tuple(by_path), by_path)
