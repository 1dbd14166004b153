"""How much of what is in the bucket stays on the local disk: the studies that were used last."""

import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from triage_node.storage.bucket.copies import OUTCOME, Copies

log = logging.getLogger(__name__)

GRACE_SECONDS = 3600.0
"""A study that was used so lately stays: somebody may be reading it."""


@dataclass(frozen=True)
class LocalStudy:
    """A study's folder, its files with their sizes, and when it was last used, in seconds since 1970."""

    folder: Path
    files: tuple[tuple[Path, int], ...]
    used_at: float

    @property
    def size_bytes(self) -> int:
        """What it takes of the disk."""
        return sum(size for _, size in self.files)


class LocalCopies:
    """Remove local files that the bucket has, those of the studies first that were not used for longest.

    Parameters
    ----------
    studies
        The folder of all studies.
    keep_bytes
        So much stays.
    grace_seconds
        What was used so lately stays in any case.
    """

    def __init__(self, studies: Path, copies: Copies, keep_bytes: int, grace_seconds: float = GRACE_SECONDS) -> None:
        self._studies = studies
        self._copies = copies
        self._keep_bytes = keep_bytes
        self._grace_seconds = grace_seconds

    def make_room(self, is_stored: Callable[[Collection[str]], Collection[str]], needed_bytes: int = 0) -> int:
        """Remove what is too much; return how many bytes that were.

        A file goes only when the bucket says that it has one of that name and size, and the worklist that nothing of
        its study waits to be stored.

        Parameters
        ----------
        is_stored
            Returns of folders' names those whose studies the bucket has whole.
        needed_bytes
            So much is to go in any case, as the disk has too little left.

        Raises
        ------
        ObjectStorageError
            The bucket cannot be asked.
        """
        studies = sorted(self._local(), key=lambda study: study.used_at)
        too_much = max(needed_bytes, sum(study.size_bytes for study in studies) - self._keep_bytes)
        old = [study for study in studies if study.used_at < time.time() - self._grace_seconds]
        removed = 0
        for begin in range(0, len(old), 100):
            if removed >= too_much:
                break
            some = old[begin : begin + 100]
            stored = set(is_stored([study.folder.name for study in some]))
            for study in some:
                if removed < too_much and study.folder.name in stored:
                    removed += self._remove(study)
        if removed:
            log.info("local_copies_removed bytes=%d", removed)
        return removed

    def _local(self) -> Iterator[LocalStudy]:
        for folder in self._studies.glob("??/*"):
            files = tuple(_files(folder))
            if files:
                yield LocalStudy(folder, files, used_at(folder))

    def _remove(self, study: LocalStudy) -> int:
        there, removed = self._copies.sizes(study.folder), 0
        # Without its outcome a result counts as not here, and is fetched whole.
        for path, size in sorted(study.files, key=lambda one: one[0].name != OUTCOME):
            if there.get(path) == size:
                path.unlink(missing_ok=True)
                removed += size
        self._copies.forget(study.folder)
        return removed


def used_at(study_folder: Path) -> float:
    """Return when a study was last used or got a file."""
    try:
        return study_folder.stat().st_mtime
    except OSError:
        return time.time()


def note_use(study_folder: Path) -> None:
    """Note that a study is used now."""
    try:
        os.utime(study_folder)
    except OSError:  # it is not here, or not ours: then it does not stay as long
        return


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    try:
        for root, _, names in os.walk(folder):
            for name in names:
                path = Path(root) / name
                yield path, path.lstat().st_size
    except FileNotFoundError:  # it goes at this moment
        return
