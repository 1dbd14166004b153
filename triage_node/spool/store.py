"""The spool: what was received stays here as received, and outcomes beside it."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from triage_node.errors import StorageFull
from triage_node.spool.draft import Draft
from triage_node.spool.durable import storage_errors, sync_folder, write_durably
from triage_node.spool.layout import Layout, hashed


class Filing(Enum):
    """What became of an instance that was moved into its study."""

    NEW = auto()
    SAME = auto()
    CONFLICTING = auto()


@dataclass(frozen=True)
class Space:
    """Bytes of the disk that holds the spool."""

    total: int
    free: int


class Spool:
    """Instances and results on disk.

    An instance is first kept in ``incoming/`` (then the peer gets its Success), and filed in its study's folder when
    its worklist row is written. What a crash leaves in ``incoming/`` is filed at the next start.

    Parameters
    ----------
    root
        The spool's folder, made when absent. It must support hard links.
    reserve_bytes
        With less free space nothing is accepted.
    """

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        self.layout = Layout(root)
        self.reserve_bytes = reserve_bytes
        with storage_errors(f"use the data folder {root}"):
            self.layout.create()

    def space(self) -> Space:
        """Return the disk's size and what is free for us."""
        usage = shutil.disk_usage(self.layout.root)
        return Space(usage.total, usage.free)

    def keep(self, content: bytes, study_instance_uid: str, sop_instance_uid: str) -> Path:
        """Keep a received file durably in ``incoming/``.

        Raises
        ------
        StorageFull
            The disk is full, or would have less than the reserve.
        StorageError
            The file system refused otherwise.
        """
        self._check_space(len(content))
        path = self._incoming(study_instance_uid, sop_instance_uid)
        write_durably(path, content)
        return path

    def draft(self) -> Draft:
        """Begin a file that comes in piece by piece.

        Raises
        ------
        StorageError, StorageFull
            The disk refused.
        """
        return Draft(self.layout.incoming, self._check_space)

    def keep_draft(self, draft: Draft, study_instance_uid: str, sop_instance_uid: str) -> Path:
        """Keep a file that has come in whole, as `keep` does."""
        path = self._incoming(study_instance_uid, sop_instance_uid)
        draft.keep(path)
        return path

    def _check_space(self, size_bytes: int) -> None:
        if self.space().free - size_bytes < self.reserve_bytes:
            raise StorageFull()

    def _incoming(self, study_instance_uid: str, sop_instance_uid: str) -> Path:
        name = f"{hashed(study_instance_uid)}-{hashed(sop_instance_uid)}-{os.urandom(4).hex()}.dcm"
        return self.layout.incoming / name

    def unfiled(self) -> Iterator[Path]:
        """Yield what was kept and not filed yet, oldest first; half-written leftovers of a crash are removed."""
        for part in self.layout.incoming.glob("*.part"):
            part.unlink(missing_ok=True)
        yield from sorted(self.layout.incoming.glob("*.dcm"), key=lambda path: path.stat().st_mtime_ns)

    def arriving(self) -> frozenset[int]:
        """Return the inodes of what was kept and has no row yet; it may lie in its study's folder already."""
        return frozenset(path.stat().st_ino for path in self.layout.incoming.glob("*.dcm"))

    def file(self, kept: Path, study_instance_uid: str, sop_instance_uid: str) -> Filing:
        """Give a kept file its name in the study's folder; the name in ``incoming/`` stays until `forget`.

        A second file with the same UIDs never replaces the first: different bytes are filed beside it.
        """
        target = self.layout.instance(study_instance_uid, sop_instance_uid)
        with storage_errors("file an instance"):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _link(kept, target):
                return Filing.NEW
            if target.samefile(kept):
                return Filing.SAME
            digest = _digest(kept)
            if digest == _digest(target):
                return Filing.SAME
            _link(kept, target.with_name(f"{target.stem}-{digest[:16]}.variant"))
            return Filing.CONFLICTING

    def forget(self, kept: Path) -> None:
        """Drop the name in ``incoming/`` of a file that was filed and has its row."""
        kept.unlink(missing_ok=True)

    def instances(self, study_instance_uid: str) -> list[Path]:
        """Return the files of a study."""
        return sorted(self.layout.study(study_instance_uid).glob("*.dcm"))

    def studies(self) -> Iterator[Path]:
        """Yield the folder of every study."""
        yield from sorted(self.layout.studies.glob("??/*"))

    def keep_result(self, study_instance_uid: str, name: str, outcome: dict[str, Any], files: dict[str, bytes]) -> Path:
        """Store an outcome and its reports beside the pixels; return the folder, complete or absent."""
        folder = self.layout.results(study_instance_uid) / name
        with storage_errors("keep a result"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file_name, content in files.items():
            write_durably(folder / file_name, content)
        write_durably(folder / "outcome.json", json.dumps(outcome, indent=1).encode())
        sync_folder(folder.parent)
        return folder

    def results(self, study_folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield each complete result of a study's folder: where it lies and its outcome."""
        for outcome in sorted((study_folder / "results").glob("*/outcome.json")):
            yield outcome.parent, json.loads(outcome.read_bytes())


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
