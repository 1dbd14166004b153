"""The folder of a study, when something of it is deleted: what goes, and the note of it that stays."""

import gzip
import io
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from triage_node.complete_file import PARTIAL, storage_errors, sync_folder
from triage_node.errors import InvalidInstance
from triage_node.private_files import make_missing_folders
from triage_node.storage.bucket import StudyCopies
from triage_node.storage.durable_write import write_durably
from triage_node.storage.layout import INSTANCE, hashed
from triage_node.storage.regular_file import read_regular_file
from triage_node.storage.result import OUTCOME, RESULTS, StoredResult

NOTE = "deleted.json.gz"
VARIANT = ".variant"
LARGEST_NOTE_BYTES = 64 << 20
LARGEST_CONTENT_BYTES = 512 << 20


class StudyFolder:
    """What may be deleted of a study.

    Parameters
    ----------
    path
        Its folder, there or not.
    copies
        What the bucket has of it; None without a bucket.
    """

    def __init__(self, path: Path, copies: StudyCopies | None = None) -> None:
        self.path = path
        self.copies = copies

    def instances(self, sop_instance_uids: Collection[str]) -> Mapping[str, list[Path]]:
        """Return the files that there are of some instances, also what else came under their UIDs (variants)."""
        wanted = {hashed(uid): uid for uid in sop_instance_uids}
        found: dict[str, list[Path]] = {}
        for path in self._files(self.path):
            if path.suffix in (INSTANCE, VARIANT) and (uid := wanted.get(path.name[:32])) is not None:
                found.setdefault(uid, []).append(path)
        return found

    def results(self) -> list[StoredResult]:
        """Return the results, also those that are not complete."""
        return [StoredResult(path) for path in self._folders(self.path / RESULTS)]

    def note(self, content: bytes) -> None:
        """Keep, durably, what shall be known of what is deleted; in the bucket, too.

        Raises
        ------
        StorageError, StorageFull
            The file system refused.
        ObjectStorageError
            The bucket did.
        """
        if self.copies is not None:
            make_missing_folders(self.path)
        if self.path.is_dir():
            write_durably(self.path / NOTE, gzip.compress(content, 6, mtime=0))
        if self.copies is not None:
            self.copies.store(NOTE)

    def noted(self) -> bytes | None:
        """Return what was noted; None where nothing is deleted.

        Raises
        ------
        InvalidInstance
            It is damaged.
        """
        path = self.path / NOTE
        if not path.exists():
            return None
        packed = read_regular_file(path, LARGEST_NOTE_BYTES)
        try:
            with gzip.open(io.BytesIO(packed)) as file:
                return file.read(LARGEST_CONTENT_BYTES)
        except (OSError, EOFError, ValueError) as error:
            raise InvalidInstance(f"It is damaged: {error}.") from error

    def remove(self, paths: Collection[Path]) -> None:
        """Remove files; not yet durable (`sync`)."""
        with storage_errors("delete a file"):
            for path in paths:
                path.unlink(missing_ok=True)

    def remove_results(self) -> None:
        """Remove the files of the results here but the outcomes, which are small and say what was answered."""
        with storage_errors("delete a result"):
            for result in self._folders(self.path / RESULTS):
                for path in self._files(result):
                    if path.name != OUTCOME:
                        path.unlink(missing_ok=True)
                sync_folder(result)

    def remove_rest(self) -> None:
        """Remove the outcomes, the note and the folder here; what came meanwhile, and with it the folder, stays."""
        with storage_errors("delete the folder of a study"):
            for result in self._folders(self.path / RESULTS):
                self.remove(self._files(result))
                result.rmdir()
            for folder in (self.path / RESULTS, self.path):
                self.remove([path for path in self._files(folder) if path.name == NOTE or path.suffix == PARTIAL])
                self._remove_if_empty(folder)

    @property
    def has_images(self) -> bool:
        """Whether images are here."""
        return any(path.suffix in (INSTANCE, VARIANT) for path in self._files(self.path))

    @property
    def has_results(self) -> bool:
        """Whether more of a result is here than its outcome."""
        results = self._folders(self.path / RESULTS)
        return any(path.name != OUTCOME for folder in results for path in self._files(folder))

    def settled_files(self) -> list[Path]:
        """Return all files here but what waits with a second name for its row."""
        folders = (self.path, self.path / RESULTS, *self._folders(self.path / RESULTS))
        return [path for folder in folders for path in self._files(folder) if path.lstat().st_nlink == 1]

    def sync(self) -> None:
        """Make durable what was removed.

        Raises
        ------
        StorageError
            The file system refused.
        """
        if self.path.is_dir():
            with storage_errors("delete files"):
                sync_folder(self.path)

    def _remove_if_empty(self, folder: Path) -> None:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            sync_folder(folder.parent)

    def _files(self, folder: Path) -> list[Path]:
        return [Path(one.path) for one in _entries(folder) if not one.is_dir(follow_symlinks=False)]

    def _folders(self, folder: Path) -> list[Path]:
        return [Path(one.path) for one in _entries(folder) if one.is_dir(follow_symlinks=False)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
