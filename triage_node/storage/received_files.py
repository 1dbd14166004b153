"""What was received and is not filed yet: kept durably, taken over from processes that died, set aside."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from triage_node.complete_file import PARTIAL, storage_errors, sync_folder, unique_name
from triage_node.storage.disk import Disk, Space, Watermarks
from triage_node.storage.draft import Draft
from triage_node.storage.durable_write import Parts, write_durably
from triage_node.storage.inbox import Inbox, adopt
from triage_node.storage.layout import INSTANCE, Layout, hashed

FILL = Watermarks()
"""The disk may be filled."""


class ReceivedFiles:
    """The files in ``incoming/`` and ``quarantine/`` of a spool.

    Parameters
    ----------
    root
        The spool's folder, made when absent.
    watermarks
        What of the disk shall stay free; by default it may be filled.
    inbox
        The name of an own folder in ``incoming/`` where several processes have the spool, unlike any other's.
    """

    def __init__(self, root: Path, watermarks: Watermarks = FILL, inbox: str | None = None) -> None:
        # What is written down of it must hold in another working folder, too.
        self.layout = Layout(root.absolute())
        self._disk = Disk(self.layout.root, watermarks)
        with storage_errors(f"use the data folder {root}"):
            self.layout.create()
        self._inbox = Inbox(self.layout.incoming, inbox) if inbox else None
        self.incoming = self._inbox.folder if self._inbox else self.layout.incoming
        """Where this process keeps what it receives."""

    def space(self) -> Space:
        """Return the disk's size, what is free for us, and what that means."""
        return self._disk.space()

    def use(self, watermarks: Watermarks) -> None:
        """Have other marks from now on."""
        self._disk.watermarks = watermarks

    def keep(self, parts: Parts, study_instance_uid: str, sop_instance_uid: str) -> Path:
        """Keep a received file, whose bytes come in parts, durably in ``incoming/``.

        Raises
        ------
        StorageFull
            The disk is full, would have less than its reserve, or is not back above it far enough.
        StorageError
            The file system refused otherwise.
        """
        self._disk.check(sum(map(len, parts)))
        path = self._incoming(study_instance_uid, sop_instance_uid)
        write_durably(path, *parts)
        return path

    def draft(self) -> Draft:
        """Begin a file that comes in piece by piece.

        Raises
        ------
        StorageError, StorageFull
            The disk refused.
        """
        return Draft(self.incoming, self._disk.check)

    def keep_draft(self, draft: Draft, study_instance_uid: str, sop_instance_uid: str) -> Path:
        """Keep a file that has come in whole, as `keep` does."""
        path = self._incoming(study_instance_uid, sop_instance_uid)
        draft.keep(path)
        return path

    def _incoming(self, study_instance_uid: str, sop_instance_uid: str) -> Path:
        name = f"{hashed(study_instance_uid)}-{hashed(sop_instance_uid)}-{unique_name()}{INSTANCE}"
        return self.incoming / name

    def unfiled(self) -> Iterator[Path]:
        """Yield what was kept and not filed yet, oldest first; half-written leftovers of a crash are removed.

        Raises
        ------
        StorageError
            What others left cannot be taken over.
        """
        folders = [self.incoming] if self._inbox else [self.incoming, self.layout.studies]
        for part in (part for folder in folders for part in folder.glob(f"*{PARTIAL}")):
            with suppress(OSError):
                part.unlink()
        self.adopt()
        yield from sorted(self.incoming.glob(f"*{INSTANCE}"), key=_written_at)

    def adopt(self) -> list[Path]:
        """Take over what processes kept that do not live any more, and return where it lies now.

        Raises
        ------
        StorageError
            The file system refused.
        """
        return adopt(self.layout.incoming, self.incoming, INSTANCE)

    def forget(self, incoming: Path) -> None:
        """Drop the name in ``incoming/`` or ``quarantine/`` of a file that was filed and has its row."""
        with storage_errors("forget a registered file"):
            incoming.unlink(missing_ok=True)

    def unfile(self, path: Path, study_instance_uid: str) -> Path:
        """Give a file in its study's folder that has no row a name in ``incoming/`` again, and return that.

        Raises
        ------
        StorageError, StorageFull
            The file system refused.
        """
        incoming = self.incoming / f"{hashed(study_instance_uid)}-{path.stem}-{unique_name()}{INSTANCE}"
        with storage_errors("take up a file that is not registered"):
            os.link(path, incoming)
            sync_folder(self.incoming)
        return incoming

    def set_aside(self, incoming: Path) -> Path:
        """Move a kept file to ``quarantine/``, durably; return where it lies now.

        Raises
        ------
        StorageError, StorageFull
            The file system refused; it lies where it lay.
        """
        path = self.layout.quarantine / incoming.name
        with storage_errors("set a file aside"):
            incoming.rename(path)
            sync_folder(self.layout.quarantine)
            sync_folder(incoming.parent)
        return path

    def quarantined(self) -> list[Path]:
        """Return what was set aside, oldest first."""
        try:
            return sorted(self.layout.quarantine.iterdir(), key=_written_at)
        except OSError:
            return []

    def unregistered(self) -> tuple[set[str], set[str]]:
        """Return the hashed SOP Instance UIDs of what lies in ``incoming/``, and in ``quarantine/``.

        Raises
        ------
        StorageError
            A folder cannot be read.
        """
        with storage_errors("look for received files"):
            incoming, quarantined = (
                {path.name.split("-")[1] for path in folder.rglob(f"*-*-*{INSTANCE}")}
                for folder in (self.layout.incoming, self.layout.quarantine)
            )
        return incoming, quarantined

    @property
    def is_receiving(self) -> bool:
        """Whether something is just coming in, to any process, or waits to be registered."""
        try:
            return any(path.suffix in (INSTANCE, PARTIAL) for path in self.layout.incoming.rglob("*.*"))
        except OSError:  # the inbox of another process vanishes at this moment
            return True


def _written_at(path: Path) -> int:
    """Return when a file was written; one that has vanished meanwhile comes first."""
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return 0
