"""The worklist made anew from the spool, when the database is lost; what is damaged is left out by name."""

import json
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from triage_node.errors import InvalidInstance, RowRefused
from triage_node.ingest.unindexed_instance import UnindexedInstance, read_unindexed
from triage_node.storage import NOTE, Spool, StoredResult, StudyFolder
from triage_node.worklist import DeletedStudy, StoredOutcome, Worklist

log = logging.getLogger(__name__)

LEFT_OUT = "rebuild_left_out"
SECONDS_BETWEEN_LINES = 10.0
MOST_NAMED = 5
REFUSED = "The database refused it."

Progress = Callable[[int, int], None]


@dataclass
class Rebuilt:
    """Studies that were rebuilt, those that the worklist had already, and what was left out: path and why."""

    studies: int = 0
    known: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


def rebuild_worklist(
    spool: Spool,
    worklist: Worklist,
    destinations: Sequence[str],
    progress: Progress | None = None,
    *,
    of_bucket: bool = False,
) -> Rebuilt:
    """Write every study of the spool that the worklist does not have, with its stored outcomes.

    Rebuilt studies and their reports are held: nothing is analyzed or delivered anew without a person's word. A mark
    in the spool stays until all is done, so that the next start goes on with what a kill or a refusing database left.

    Parameters
    ----------
    progress
        Called after each study with how many are done, and of how many.
    of_bucket
        Whether studies count that only the bucket has: they are fetched, so that they can be read.

    Raises
    ------
    StorageError
        The database or the disk refused; it can be repeated.
    """
    folders = list(spool.studies(of_bucket=of_bucket))
    if folders:
        spool.begin_rebuild()
    # They have no row yet, and are no loss: the indexer takes them up as they came, not held.
    unfiled = {path.lstat().st_ino for path in spool.unfiled()}
    rebuild = _Rebuild(spool, worklist, destinations, unfiled)
    say_at = time.monotonic() + SECONDS_BETWEEN_LINES
    for done, folder in enumerate(folders, 1):
        rebuild.study(folder)
        if progress is not None:
            progress(done, len(folders))
        if time.monotonic() > say_at:
            log.info("worklist_being_rebuilt studies=%d of=%d", done, len(folders))
            say_at = time.monotonic() + SECONDS_BETWEEN_LINES
    spool.end_rebuild()
    made = rebuild.made
    log.info("worklist_rebuilt studies=%d known=%d left_out=%d", made.studies, made.known, len(made.left_out))
    return made


def rebuild_study(spool: Spool, worklist: Worklist, destinations: Sequence[str], folder: Path) -> bool:
    """Write the study of a folder that the worklist does not have, held; False when it could not be, or has it.

    Nothing of it may be coming in at the moment.

    Raises
    ------
    StorageError
        The database or the disk refused; it can be repeated.
    """
    rebuild = _Rebuild(spool, worklist, destinations)
    rebuild.study(folder)
    return rebuild.made.studies > 0


@dataclass(frozen=True)
class _Found:
    """A study in the spool, and what was deleted of it."""

    folder: Path
    study_instance_uid: str
    deleted: DeletedStudy | None


class _Rebuild:
    def __init__(
        self, spool: Spool, worklist: Worklist, destinations: Sequence[str], unfiled: Collection[int] = ()
    ) -> None:
        self._spool = spool
        self._worklist = worklist
        self._destinations = destinations
        self._unfiled = unfiled
        self.made = Rebuilt()

    def study(self, folder: Path) -> None:
        """Rebuild the study of a folder, or leave out what of it cannot be."""
        left_out: list[tuple[str, str]] = []
        instances, deleted = self._instances(folder, left_out), self._deleted(folder, left_out)
        uid = instances[0].header.study_instance_uid if instances else None
        if uid is None and deleted is not None:
            uid = deleted.study_instance_uid
        if uid is not None:
            if self._worklist.rebuilding.has(uid):
                self.made.known += 1
                return
            self._restore(_Found(folder, uid, deleted), instances, left_out)
        self._tell(left_out, uid)

    def _restore(
        self, found: "_Found", instances: Sequence[UnindexedInstance], left_out: list[tuple[str, str]]
    ) -> None:
        folder = found.folder
        outcomes = [_outcome(result) for result in self._spool.results(folder)]
        left_out += [(self._name(one.result.folder), one.damage) for one in outcomes if one.content is None]
        if self._is_written(found, instances, outcomes):
            return
        taken = [one for one in instances if self._worklist.rebuilding.takes(one.received())]
        left_out += [(self._name(one.path), REFUSED) for one in instances if one not in taken]
        if not taken:
            left_out += [(self._name(folder), REFUSED)] if found.deleted is not None else []
            return
        if self._is_written(found, taken, outcomes):
            return
        # A study without its outcomes is better than none.
        left_out += [(self._name(one.result.folder), REFUSED) for one in outcomes]
        damaged = [StoredOutcome.of(one.result, one.written_at, None, REFUSED) for one in outcomes]
        if not self._is_written(found, taken, damaged):
            left_out.append((self._name(folder), REFUSED))

    def _is_written(
        self, found: "_Found", instances: Sequence[UnindexedInstance], outcomes: Sequence[StoredOutcome]
    ) -> bool:
        received = [one.received() for one in instances]
        try:
            self._worklist.rebuilding.restore(received, outcomes, self._destinations, found.deleted)
        except RowRefused as error:
            log.error("rebuild_refused study_instance_uid=%s error=%s", found.study_instance_uid, error)
            return False
        self.made.studies += 1
        return True

    def _instances(self, folder: Path, left_out: list[tuple[str, str]]) -> list[UnindexedInstance]:
        found = []
        try:
            paths = self._spool.instances_in(folder)
        except OSError as error:
            left_out.append((self._name(folder), f"It cannot be read: {error.strerror}."))
            return []
        for path in paths:
            try:
                if path.lstat().st_ino not in self._unfiled:
                    found.append(self._instance(path))
            except (InvalidInstance, OSError) as error:
                left_out.append((self._name(path), str(error)))
        return found

    def _deleted(self, folder: Path, left_out: list[tuple[str, str]]) -> DeletedStudy | None:
        """Return what was noted of a study when its images were deleted."""
        try:
            noted = StudyFolder(folder).noted()
            deleted = None if noted is None else DeletedStudy.of_bytes(noted)
            if deleted is not None and self._spool.layout.study(deleted.study_instance_uid) != folder:
                raise InvalidInstance("It is not the note of this study.")
        except InvalidInstance as error:
            left_out.append((self._name(folder / NOTE), str(error)))
            return None
        return deleted

    def _instance(self, path: Path) -> UnindexedInstance:
        instance = read_unindexed(path)
        uids = instance.header.study_instance_uid, instance.header.sop_instance_uid
        if self._spool.layout.instance(*uids) != path:
            raise InvalidInstance("It does not hold the instance it was kept for.")
        return instance

    def _tell(self, left_out: Sequence[tuple[str, str]], uid: str | None) -> None:
        if not left_out:
            return
        for name, why in left_out:
            log.error("rebuild_left_out path=%s reason=%r", name, why)
        self.made.left_out += left_out
        named = ", ".join(name for name, _ in left_out[:MOST_NAMED])
        more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
        message = f"The rebuilding left out what is damaged: {named}{more}"
        self._worklist.registration.tell(LEFT_OUT, message, len(left_out), uid)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._spool.layout.root))


def _outcome(result: StoredResult) -> StoredOutcome:
    """Read the outcome of a result; one that cannot be read is damaged."""
    written_at = result.written_at()
    try:
        return StoredOutcome.of(result, written_at, json.loads(result.outcome()))
    except InvalidInstance as error:
        return StoredOutcome.of(result, written_at, None, str(error))
    except (ValueError, RecursionError):
        return StoredOutcome.of(result, written_at, None, "It is no JSON.")
