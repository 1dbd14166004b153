"""The thread that copies to the bucket what is on this machine only, study by study, the oldest first."""

import fcntl
import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from triage_node.complete_file import sync_folder
from triage_node.config import Settings
from triage_node.errors import ObjectStorageError, StorageError
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.storage import RECOVERY, BucketState, Copies, LocalCopies, Spool
from triage_node.uploading.deleted_copies import DeletedCopies
from triage_node.worklist import StoredPart, Upload, Worklist

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
AT_ONCE = 32
PAUSE_AFTER_ERROR_SECONDS = 1.0
POSTPONED_SECONDS = 60.0
ROOM_SECONDS = 60.0
REST = 20.0
"""Looking for what is too much on the disk takes a twentieth of the time at most."""
LOCK = "uploading.lock"
BEGUN = "uploading-to"


@dataclass(frozen=True)
class UploaderState:
    """How uploading goes: the bucket, how many studies this machine and others have alone, and since when."""

    bucket: BucketState
    waiting: int
    oldest_seconds: float
    elsewhere: int
    failing: str = ""


class Uploader:
    """Copy to the bucket what the worklist says to be here only, then make room on the disk.

    Of several processes that have one spool one uploads, and another when that ends. Nothing is lost by a kill: what
    was not finished is done again, and the bucket says what it has.

    Parameters
    ----------
    keep_bytes
        So much of what is in the bucket stays on this disk.
    """

    def __init__(self, spool: Spool, worklist: Worklist, copies: Copies, keep_bytes: int) -> None:
        self._spool = spool
        self._uploads = worklist.uploads
        self._clock = worklist.clock
        self._copies = copies
        self._deleted_parts = worklist.deleted_parts
        self._deleted_copies = DeletedCopies(spool, worklist)
        self._local = LocalCopies(spool.layout.studies, copies, keep_bytes)
        self._postponed: dict[tuple[int, str], float] = {}
        self._make_room_at = 0.0
        self._failing = ""
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, "uploader", self._stopping)

    @classmethod
    def of(cls, settings: Settings, spool: Spool, worklist: Worklist) -> Self | None:
        """Return what uploads from a spool; None where no bucket is set."""
        if spool.copies is None:
            return None
        return cls(spool, worklist, spool.copies, int(settings.storage_cache_gb * 1e9))

    def prepare(self) -> None:
        """Note once what was on this disk before there was the bucket, so that nobody else claims it.

        Raises
        ------
        StorageError
            The database or the disk refused.
        """
        marker, name = self._spool.layout.root / BEGUN, str(self._copies.bucket.options)
        with suppress(OSError):
            if marker.read_text() == name:
                return
        folders = {path.name for path in self._spool.layout.studies.glob("??/*")}
        noted = self._uploads.note_folders(folders) if folders else 0
        try:
            marker.write_text(name)
            sync_folder(marker.parent)
        except OSError as error:
            raise StorageError(f"Could not note the bucket in {marker}: {error.strerror or error}.") from error
        log.info("uploading_begun bucket=%r studies=%d", name, noted)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the study at work; what is left is on this disk, and noted."""
        self._stopping.set()
        self._copies.close()
        self._thread.join(self._copies.bucket.options.timeout_seconds)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def state(self) -> UploaderState:
        """Return how it goes; raises `StorageError` when the database does not say."""
        waiting = self._uploads.waiting()
        own = [one for one in waiting if one.spool == self._uploads.spool]
        oldest = max((self._clock() - one.since for one in own), default=0.0)
        elsewhere = sum(one.studies for one in waiting if one.spool != self._uploads.spool)
        return UploaderState(
            self._copies.bucket.state, sum(one.studies for one in own), oldest, elsewhere, self._failing
        )

    def _run(self) -> None:
        lock = self._hold()
        if lock is None:
            return
        with lock:
            self._abort_leftovers()
            while not self._stopping.is_set():
                try:
                    pause = 0.0 if self._upload_some() else POLL_SECONDS
                    self._make_room_if_due()
                except ObjectStorageError:  # said already, by the bucket's state
                    pause = max(PAUSE_AFTER_ERROR_SECONDS, self._copies.bucket.wait_seconds)
                except Exception as error:  # a border: this thread must not end
                    if self._stopping.is_set():
                        return
                    log.error("uploading_failed error=%s", origin(error))
                    pause = PAUSE_AFTER_ERROR_SECONDS
                self._stopping.wait(pause)

    def _hold(self) -> IO[str] | None:
        """Wait until no other process uploads from this spool; None when the node stops."""
        path = self._spool.layout.root / LOCK
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "w")
        while not self._stopping.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS)
            else:
                return file
        file.close()
        return None

    def _abort_leftovers(self) -> None:
        with suppress(ObjectStorageError):
            if number := self._copies.bucket.abort_leftovers():
                log.info("left_over_parts_removed objects=%d", number)

    def _upload_some(self) -> bool:
        """Upload what is oldest; False when there was nothing."""
        now = time.monotonic()
        self._postponed = {key: until for key, until in self._postponed.items() if until > now}
        if not self._postponed:
            self._failing = ""
        uploads = self._uploads.next(AT_ONCE, self._postponed)
        done = [self._upload(upload) for upload in uploads if not self._stopping.is_set()]
        return any(done)

    def _upload(self, upload: Upload) -> bool:
        """Upload a part of a study; False when more came meanwhile, or it has to wait."""
        folder = self._spool.layout.study(upload.study_instance_uid)
        try:
            self._leave_out_deleted(upload.study_instance_uid, folder)
            if upload.part is StoredPart.IMAGES:
                self._copies.store_images(folder)
            else:
                self._copies.store_results(folder)
        except ObjectStorageError:
            raise
        except Exception as error:  # a border: one study must not hold up the others
            if self._stopping.is_set():
                return False
            self._failing = f"{folder.name}: {origin(error)}"
            log.error("study_not_uploaded folder=%s error=%s", folder.name, origin(error))
            self._postponed[upload.study_id, upload.part] = time.monotonic() + POSTPONED_SECONDS
            return False
        return self._uploads.finish(upload)

    def _leave_out_deleted(self, study_instance_uid: str, folder: Path) -> None:
        """Store nothing again that was deleted, and look anew at what the bucket has, which may be less by now."""
        if self._deleted_parts.has_lost(study_instance_uid):
            self._deleted_copies.remove_of(study_instance_uid)
            self._copies.forget(folder)

    def _make_room_if_due(self) -> None:
        start = time.monotonic()
        if start < self._make_room_at:
            return
        self._deleted_copies.remove()
        space = self._spool.space()
        self._local.make_room(self._uploads.stored, int(space.warn * RECOVERY) - space.free)
        now = time.monotonic()
        self._make_room_at = now + max(ROOM_SECONDS, REST * (now - start))
