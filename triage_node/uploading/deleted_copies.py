"""What was deleted in the bucket, by whichever machine, is not to stay on the disks of the others."""

import logging
from collections.abc import Collection

from triage_node.storage import Spool, StudyFolder
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

OVERLAP_SECONDS = 3600.0
"""So long is looked back again: a copy that was being fetched may have come after the deletion."""


class DeletedCopies:
    """Remove from a spool what the worklist says to be deleted; it may be repeated, and cut off anywhere."""

    def __init__(self, spool: Spool, worklist: Worklist) -> None:
        self._spool = spool
        self._parts = worklist.deleted_parts
        self._deletions = worklist.deletions
        self._clock = worklist.clock
        self._since = 0.0

    def remove(self) -> int:
        """Look at what was deleted since the last time, the first time at all; return how many studies lost files.

        Raises
        ------
        StorageError
            The database or the disk refused.
        """
        now, studies = self._clock(), 0
        for study in self._parts.since(self._since):
            folder = self._spool.folder(study.study_instance_uid)
            is_over = folder.has_images or (folder.has_results and not study.has_results)
            if folder.path.is_dir() and (is_over or not study.has_rows):
                studies += self.remove_of(study.study_instance_uid)
        self._since = now - OVERLAP_SECONDS
        if studies:
            log.info("deleted_copies_removed studies=%d", studies)
        return studies

    def remove_of(self, study_instance_uid: str) -> bool:
        """Remove what is deleted of a study, and tell whether there was any; raises likewise."""
        folder = self._spool.folder(study_instance_uid)
        if not self._parts.is_known(study_instance_uid):
            return self._remove_all(study_instance_uid, folder)
        files = folder.instances(self._parts.instances(study_instance_uid))

        def unlink(still_deleted: Collection[str]) -> None:
            folder.remove([path for uid in still_deleted for path in files[uid]])

        if files:
            self._deletions.remove(study_instance_uid, list(files), unlink)
        had_results = folder.has_results
        self._parts.remove_results(study_instance_uid, folder.remove_results)
        folder.sync()
        return bool(files) or had_results != folder.has_results

    def _remove_all(self, study_instance_uid: str, folder: StudyFolder) -> bool:
        """Remove the folder of a study without rows; one that comes anew at this moment has files without rows, too.

        Their second name goes when the rows are there: what had none before the rows were looked for is old.
        """
        files = folder.settled_files()
        if self._parts.is_known(study_instance_uid):
            return False
        folder.remove(files)
        folder.remove_rest()
        return True
