"""The files of a study are removed, in an order in which a kill leaves nothing that lies.

The worklist was told before (`Deletions.begin`): what it says to be gone is shown and promised to nobody. Then comes
the note in the study's folder, from which a lost worklist is made anew, then the files go, those in the bucket first,
then the worklist is told the end. Two processes that do it at once do no harm.
"""

import time
from collections.abc import Callable, Collection
from pathlib import Path

from triage_node.database import Part
from triage_node.retention.pace import Pace
from triage_node.storage import Spool, StudyFolder, hashed
from triage_node.worklist import Deletion, Worklist

AT_ONCE = 125
"""Files removed while the worklist is locked: some ten milliseconds."""


class StudyDeletion:
    """Remove the files of what the worklist says to be deleted; it may be cut off anywhere and repeated."""

    def __init__(self, worklist: Worklist, spool: Spool, pace: Pace) -> None:
        self._deletions = worklist.deletions
        self._spool = spool
        self._pace = pace

    def finish(self, deletion: Deletion) -> int:
        """Remove the files and tell the worklist; return how many files of images went.

        Raises
        ------
        StorageError
            The disk or the database refused; it is to be repeated.
        """
        if not self._deletions.is_going_on(deletion):
            return 0
        folder = self._spool.folder(deletion.study_instance_uid)
        if deletion.part is not Part.ROWS:
            self._note(deletion, folder)
        copies = self._remove_copies(deletion, folder)
        removed = max(copies, self._remove_instances(deletion, folder))
        if deletion.part is not Part.IMAGES:
            remove = _removal_of_results(deletion, folder)
            if not self._deletions.remove_results(deletion, remove) and deletion.part is Part.RESULTS:
                return removed  # it is being analyzed: a new result ends the deletion, else it is gone on with
        folder.sync()
        if not self._deletions.end(deletion):  # more has come: what is deleted of it is to be known again
            self._note(deletion, folder)
        return removed

    def _note(self, deletion: Deletion, folder: StudyFolder) -> None:
        record = self._deletions.record(deletion.study_instance_uid)
        if record is not None:
            folder.note(record.to_bytes())

    def _remove_copies(self, deletion: Deletion, folder: StudyFolder) -> int:
        """Remove the images in the bucket; return how many objects that were.

        Nobody stores any of the study before the deletion has ended (`Uploads.next`), so all that is there is old.
        """
        if folder.copies is None:
            return 0
        objects = folder.copies.instances({hashed(uid) for uid in deletion.sop_instance_uids})
        if objects and self._deletions.is_going_on(deletion):
            folder.copies.delete(objects)
        return len(objects)

    def _remove_instances(self, deletion: Deletion, folder: StudyFolder) -> int:
        files = folder.instances(deletion.sop_instance_uids)
        uids = list(files)
        removed: list[Path] = []
        worked_seconds = 0.0

        def unlink(still_deleted: Collection[str]) -> None:
            nonlocal worked_seconds
            start = time.perf_counter()
            paths = [path for uid in still_deleted for path in files[uid]]
            folder.remove(paths)
            removed.extend(paths)
            worked_seconds = time.perf_counter() - start

        for begin in range(0, len(uids), AT_ONCE):
            self._deletions.remove(deletion.study_instance_uid, uids[begin : begin + AT_ONCE], unlink)
            self._pace.rest(worked_seconds)
        return len(removed)


def _removal_of_results(deletion: Deletion, folder: StudyFolder) -> Callable[[], None]:
    """Return what removes results, or all that is left; what the bucket has of it is listed before, not locked."""
    is_all = deletion.part is Part.ROWS
    remove = folder.remove_rest if is_all else folder.remove_results
    if (copies := folder.copies) is None:
        return remove
    objects = copies.rest() if is_all else copies.results()

    def remove_everywhere() -> None:
        copies.delete(objects)
        remove()

    return remove_everywhere
