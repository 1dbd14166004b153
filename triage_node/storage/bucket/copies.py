"""The files of a spool and their copies in a bucket: fetched when they are missing here, stored when they are new."""

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cachetools import LRUCache

from triage_node.complete_file import PARTIAL, storage_errors, sync_folder
from triage_node.private_files import make_missing_folders
from triage_node.storage.bucket.bucket import Bucket
from triage_node.storage.bucket.options import BucketOptions
from triage_node.storage.bucket.stored_object import Kept, sha256_of

if TYPE_CHECKING:
    from triage_node.config import Settings

log = logging.getLogger(__name__)

INSTANCE, VARIANT, OUTCOME = ".dcm", ".variant", "outcome.json"
LASTING = frozenset([INSTANCE, VARIANT])
"""What ends the names of files whose content never changes."""
MOST_REMEMBERED = 100
"""Studies of which is known what was stored, so that one that comes in slowly is not compared again each time."""


class Copies:
    """Copy files between a spool and a bucket; an object's key is the file's place in the spool.

    Parameters
    ----------
    root
        The spool's folder.
    """

    def __init__(self, root: Path, bucket: Bucket) -> None:
        self._root = root.absolute()
        self.bucket = bucket
        # What is read must not wait for what is stored, which may be much.
        self._fetching = ThreadPoolExecutor(bucket.options.connections, "object-storage-fetch")
        self._storing = ThreadPoolExecutor(bucket.options.connections, "object-storage-store")
        self._stored: LRUCache[Path, dict[Path, tuple[int, int]]] = LRUCache(MOST_REMEMBERED)

    @classmethod
    def of(cls, settings: "Settings", root: Path) -> Self | None:
        """Return those of a spool by the settings; None where no bucket is set."""
        options = BucketOptions.of(settings)
        return None if options is None else cls(root, Bucket(options))

    def close(self) -> None:
        """End the threads; a request at work ends within its time limit, and is not tried again."""
        self.bucket.close()
        for pool in (self._fetching, self._storing):
            pool.shutdown(wait=False, cancel_futures=True)

    def fetch(self, paths: Iterable[Path]) -> None:
        """Fetch files that are missing here; one that the bucket lacks, too, stays missing.

        Raises
        ------
        ObjectStorageError
            The bucket cannot be asked.
        InvalidInstance
            An object is damaged.
        StorageError, StorageFull
            The disk refused.
        """
        missing = [path for path in paths if not path.exists()]
        with storage_errors("keep a copy"):
            for folder in {path.parent for path in missing}:
                make_missing_folders(folder)
        _each(self._fetching, self._fetch, missing)

    def fetch_folder(self, folder: Path) -> None:
        """Fetch the files of a folder that are missing here, an outcome last; raises as `fetch` does."""
        names = self._names(folder)
        paths = [folder / name for name in names if "/" not in name]
        self.fetch([path for path in paths if path.name != OUTCOME])
        self.fetch([path for path in paths if path.name == OUTCOME])

    def folders(self, folder: Path) -> list[Path]:
        """Return the folders that the bucket has in a folder; raises `ObjectStorageError`."""
        return [folder / name for name in self.bucket.folders(f"{self._key(folder)}/")]

    def has(self, path: Path) -> bool:
        """Tell whether the bucket has a file; raises `ObjectStorageError`."""
        return self.bucket.head(self._key(path)) is not None

    def sizes(self, study_folder: Path) -> dict[Path, int]:
        """Return what the bucket has of a study, in bytes; raises `ObjectStorageError`."""
        return {study_folder / name: size for name, size in self._names(study_folder).items()}

    def delete(self, paths: Collection[Path]) -> None:
        """Delete the copies of files in the bucket; raises `ObjectStorageError`, then it is to be repeated."""
        self.bucket.delete([self._key(path) for path in paths])

    def store_images(self, study_folder: Path) -> None:
        """Store what is new of the instances of a study; whatever is raised, it is to be repeated.

        Raises
        ------
        ObjectStorageError
            The bucket does not take it.
        StorageError
            A file cannot be read.
        """
        self._store(study_folder, [path for path in _files(study_folder) if path.suffix in LASTING])

    def store_results(self, study_folder: Path) -> None:
        """Store what is new of the results of a study, each outcome after what belongs to it; raises likewise."""
        files = [path for path in _files(study_folder) if path.suffix not in LASTING]
        for folder in _folders(study_folder / "results"):
            files += _files(folder)
        self._store(study_folder, [path for path in files if path.name != OUTCOME])
        self._store(study_folder, [path for path in files if path.name == OUTCOME])

    def store(self, path: Path) -> None:
        """Store a file that may replace the one that the bucket has; raises likewise."""
        with storage_errors("read a file"):
            self.bucket.put(path, self._key(path), replace=True)

    def forget(self, study_folder: Path) -> None:
        """Drop what is remembered of a study whose copies go, here or there."""
        self._stored.pop(study_folder, None)

    def _store(self, study_folder: Path, paths: list[Path]) -> None:
        stored = self._remembered(study_folder)
        new = {path: mark for path in paths if (mark := _mark(path)) is not None and stored.get(path) != mark}
        if not new:
            return
        there = self.sizes(study_folder) if not stored else {}
        with storage_errors("read a file"):
            _each(self._storing, lambda path: self._store_one(path, path in there), new)
        stored.update(new)

    def _remembered(self, study_folder: Path) -> dict[Path, tuple[int, int]]:
        return self._stored.setdefault(study_folder, {})

    def _store_one(self, path: Path, is_there: bool) -> None:
        """Store a file unless the bucket has it; it may be deleted meanwhile."""
        with suppress(FileNotFoundError):
            if is_there and self._is_same(path):
                return
            if self.bucket.put(path, self._key(path), replace=path.suffix not in LASTING) is Kept.OTHER:
                self._give_way(path)

    def _is_same(self, path: Path) -> bool:
        there = self.bucket.head(self._key(path))
        return there is not None and there.sha256 == sha256_of(path)

    def _give_way(self, path: Path) -> None:
        """Let the content count that the bucket got first; another instance of the same UIDs is kept as a variant."""
        log.warning("other_content_in_bucket file=%s", path.name)
        if path.parent.name and path.parent.parent.name != "results" and path.suffix == INSTANCE:
            variant = path.with_name(f"{path.stem}-{sha256_of(path)[:16]}{VARIANT}")
            with suppress(FileExistsError):
                os.link(path, variant)
            sync_folder(path.parent)
            self.bucket.put(variant, self._key(variant))
        self._fetch(path)

    def _fetch(self, path: Path) -> None:
        self.bucket.get(self._key(path), path)

    def _names(self, folder: Path) -> dict[str, int]:
        prefix = f"{self._key(folder)}/"
        return {key.removeprefix(prefix): size for key, size in self.bucket.sizes(prefix).items()}

    def _key(self, path: Path) -> str:
        return path.absolute().relative_to(self._root).as_posix()


def _each(pool: ThreadPoolExecutor, do: Callable[[Path], None], paths: Iterable[Path]) -> None:
    """Do it with each, several at once; the first error ends it."""
    futures = [pool.submit(do, path) for path in paths]
    try:
        for future in futures:
            future.result()
    finally:
        for future in futures:
            future.cancel()


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def _files(folder: Path) -> list[Path]:
    return [Path(one.path) for one in _entries(folder) if one.is_file(follow_symlinks=False) and _is_whole(one.name)]


def _folders(folder: Path) -> list[Path]:
    return [Path(one.path) for one in _entries(folder) if one.is_dir(follow_symlinks=False)]


def _is_whole(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(PARTIAL)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
