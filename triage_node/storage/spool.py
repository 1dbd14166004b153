"""The spool: what was received stays here as received, and outcomes beside it."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Self

from triage_node.complete_file import PARTIAL, storage_errors, sync_folder
from triage_node.errors import ObjectStorageError, StorageError, StorageFull
from triage_node.private_files import make_missing_folders
from triage_node.storage.bucket import BucketState, Copies, StudyCopies, note_use
from triage_node.storage.disk import Watermarks
from triage_node.storage.durable_write import write_durably
from triage_node.storage.layout import INSTANCE, spool_folder
from triage_node.storage.received_files import FILL, ReceivedFiles
from triage_node.storage.result import RESULTS, StoredResult, stored_results
from triage_node.storage.study_folder import StudyFolder

if TYPE_CHECKING:
    from triage_node.config import Settings


class Filing(Enum):
    """What became of an instance that was moved into its study."""

    NEW = auto()
    SAME = auto()
    """It was filed already: the very file, not one like it."""
    DUPLICATE = auto()
    """Another file has the name; which is not touched, and this one stays where it is."""


class Spool(ReceivedFiles):
    """Instances and results on disk.

    An instance is first kept in ``incoming/`` (then the peer gets its Success), and filed in its study's folder when
    its worklist row is written. What a crash leaves in ``incoming/`` is filed at the next start.

    Parameters
    ----------
    root
        The spool's folder, made when absent. It must support hard links.
    watermarks
        What of the disk shall stay free; by default it may be filled.
    inbox
        The name of an own folder in ``incoming/`` where several processes have the spool, unlike any other's; without
        one the spool is this process's alone.
    copies
        Where the files are copied to and fetched from when they are not here; without it this disk has them all.
    """

    def __init__(
        self, root: Path, watermarks: Watermarks = FILL, inbox: str | None = None, copies: Copies | None = None
    ) -> None:
        super().__init__(root, watermarks, inbox)
        self.copies = copies

    @classmethod
    def of(cls, settings: "Settings", watermarks: Watermarks = FILL, inbox: str | None = None) -> Self:
        """Return the spool in the data folder of the settings, with the copies of its files that they want."""
        root = spool_folder(settings.data_dir)
        return cls(root, watermarks, inbox, Copies.of(settings, root))

    @property
    def bucket(self) -> BucketState | None:
        """How the bucket is; None without one."""
        return None if self.copies is None else self.copies.bucket.state

    def close(self) -> None:
        """Let others take over what is left in an own inbox, and ask the bucket for nothing any more."""
        if self._inbox is not None:
            self._inbox.close()
        if self.copies is not None:
            self.copies.close()

    def file(self, incoming: Path, study_instance_uid: str, sop_instance_uid: str) -> Filing:
        """Give a kept file its name in the study's folder; the name in ``incoming/`` stays until `forget`.

        A second file with the same UIDs never replaces the first; what it is has to be looked at (`keep_variant`).

        Raises
        ------
        StorageError, StorageFull
            The file system refused, or the kept file is gone without having been filed.
        """
        target = self.layout.instance(study_instance_uid, sop_instance_uid)
        with storage_errors("file an instance"):
            try:
                if _link(incoming, target):
                    return Filing.NEW
            except FileNotFoundError:
                if target.is_file() and not incoming.exists():
                    return Filing.SAME
                if _link_into(incoming, target):
                    return Filing.NEW
            if not incoming.exists():
                return Filing.SAME
            return Filing.SAME if target.samefile(incoming) else Filing.DUPLICATE

    def variants(self, study_instance_uid: str, sop_instance_uid: str) -> list[Path]:
        """Return the file of an instance and what else came under its UIDs, in this order."""
        first = self.layout.instance(study_instance_uid, sop_instance_uid)
        return [first, *sorted(first.parent.glob(f"{first.stem}-*.variant"))]

    def keep_variant(self, incoming: Path, study_instance_uid: str, sop_instance_uid: str) -> None:
        """File a second file with the same UIDs beside the first; it was acknowledged, so it may not vanish.

        Raises
        ------
        StorageError, StorageFull
            The file system refused.
        """
        first = self.layout.instance(study_instance_uid, sop_instance_uid)
        with storage_errors("file an instance"):
            _link(incoming, first.with_name(f"{first.stem}-{_digest(incoming)[:16]}.variant"))
            sync_folder(first.parent)

    def refuses_all(self, error: Exception) -> bool:
        """Tell whether an error of the spool is no one file's fault: then everything has to wait."""
        waits = isinstance(error, StorageFull | ObjectStorageError)
        return waits or (isinstance(error, StorageError) and not self.takes_files())

    def takes_files(self, size_bytes: int = 0) -> bool:
        """Tell whether a file of that size can be filed now."""
        probe = self.layout.studies / f"probe.{os.getpid()}.{os.urandom(4).hex()}{PARTIAL}"
        try:
            write_durably(probe, bytes(size_bytes))
            probe.unlink()
        except (OSError, StorageError):
            return False
        return True

    def instances(self, study_instance_uid: str, sop_instance_uids: Iterable[str] | None = None) -> list[Path]:
        """Return the files of a study; a decoder takes files, not bytes.

        Parameters
        ----------
        sop_instance_uids
            Those that the worklist has, to be fetched where they are not here; by default all that the bucket has.

        Raises
        ------
        ObjectStorageError
            They are not all here, and the bucket does not give them now.
        """
        folder = self.layout.study(study_instance_uid)
        if self.copies is not None and sop_instance_uids is None:
            self.copies.fetch_folder(folder)
        elif self.copies is not None and sop_instance_uids is not None:
            self.copies.fetch(self.layout.instance(study_instance_uid, uid) for uid in sop_instance_uids)
            note_use(folder)
        return sorted(folder.glob(f"*{INSTANCE}"))

    def stored_files(self, files: Iterable[tuple[str, str, str]]) -> list[Path]:
        """Return where files lie, fetched when they are not here; one that is nowhere is not there either.

        Parameters
        ----------
        files
            As `Layout.stored_file` takes them.

        Raises
        ------
        ObjectStorageError
            The bucket does not give them now.
        """
        paths = [self.layout.stored_file(*one) for one in files]
        if self.copies is not None:
            self.copies.fetch(paths)
            for folder in {self.layout.study(study) for study, *_ in files}:
                note_use(folder)
        return paths

    def has(self, study_instance_uid: str, sop_instance_uid: str, result_file: str = "") -> bool:
        """Tell whether a file is here or in the bucket.

        Raises
        ------
        ObjectStorageError
            It is not here, and the bucket cannot be asked now.
        """
        path = self.layout.stored_file(study_instance_uid, sop_instance_uid, result_file)
        return path.is_file() or (self.copies is not None and self.copies.has(path))

    def instances_in(self, study_folder: Path) -> list[Path]:
        """Return the files in the folder of a study, or raise the `OSError` of one that cannot be read."""
        if self.copies is not None:
            self.copies.fetch_folder(study_folder)
            make_missing_folders(study_folder)
        return sorted(path for path in study_folder.iterdir() if path.suffix == INSTANCE)

    def folder(self, study_instance_uid: str) -> StudyFolder:
        """Return the folder of a study, for who deletes something of it."""
        path = self.layout.study(study_instance_uid)
        return StudyFolder(path, None if self.copies is None else StudyCopies(path, self.copies))

    def studies(self, *, of_bucket: bool = False) -> Iterator[Path]:
        """Yield the folder of every study, on demand also of those that only the bucket has."""
        folders = set(self.layout.studies.glob("??/*"))
        if self.copies is not None and of_bucket:
            for part in self.copies.folders(self.layout.studies):
                folders.update(self.copies.folders(part))
        yield from sorted(folders)

    def result(self, study_instance_uid: str, name: str, *, is_new: bool = False) -> StoredResult:
        """Return a result by its name, there or not, wherever the spool lies today; ``is_new`` as `StoredResult`."""
        folder = self.layout.result(study_instance_uid, name).folder
        return StoredResult(folder, self.copies, is_new=is_new)

    def results(self, study_folder: Path) -> list[StoredResult]:
        """Return the complete results in the folder of a study."""
        if self.copies is not None:
            for folder in self.copies.folders(study_folder / RESULTS):
                self.copies.fetch_folder(folder)
        return stored_results(study_folder)

    @property
    def is_being_rebuilt(self) -> bool:
        """Whether the worklist was begun to be rebuilt from here, and was not finished."""
        return self.layout.rebuilding.exists()

    def begin_rebuild(self) -> None:
        """Remember, through kills and power cuts, that the worklist is being rebuilt."""
        if not self.is_being_rebuilt:
            write_durably(self.layout.rebuilding, b"")

    def end_rebuild(self) -> None:
        """Forget it: the worklist is whole."""
        with storage_errors("end the rebuilding"):
            self.layout.rebuilding.unlink(missing_ok=True)
            sync_folder(self.layout.root)


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    return True


def _link_into(source: Path, target: Path) -> bool:
    make_missing_folders(target.parent)
    try:
        return _link(source, target)
    except FileNotFoundError:  # an empty folder may be removed at this very moment
        make_missing_folders(target.parent)
        return _link(source, target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
