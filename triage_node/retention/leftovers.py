"""What a process that was killed leaves in the spool: half-written files, results without an outcome, empty folders."""

import shutil
from pathlib import Path

from triage_node.complete_file import PARTIAL
from triage_node.storage import StoredResult, StudyFolder

GRACE_SECONDS = 3600.0
"""What is younger may be at work: a large instance comes in over a slow line."""


class Leftovers:
    """Find and remove them; nothing that was ever complete.

    Parameters
    ----------
    now
        Seconds since 1970, by the clock of the file system.
    """

    def __init__(self, now: float) -> None:
        self._now = now

    def is_old(self, path: Path) -> bool:
        """Tell whether nobody can still be at work on it; what cannot be looked at is not."""
        try:
            status = path.lstat()
        except OSError:
            return False
        return self._now - max(status.st_mtime, status.st_ctime) > GRACE_SECONDS

    def remove_temporaries(self, *folders: Path) -> int:
        """Remove half-written files from folders, and from the results in them; return how many."""
        places = [place for folder in folders for place in (folder, *(one.folder for one in _results(folder)))]
        return sum(self._removed(path) for place in places for path in place.glob(f"*{PARTIAL}"))

    def remove_half_results(self, study_folder: Path) -> int:
        """Remove the results of a study that never became complete; return how many."""
        half = [one.folder for one in _results(study_folder) if not one.is_complete]
        old = [folder for folder in half if all(map(self.is_old, (folder, *folder.iterdir())))]
        for folder in old:
            shutil.rmtree(folder)
        return len(old)

    def remove_empty(self, study_folder: Path) -> bool:
        """Remove the folder of a study that holds nothing; tell whether it did."""
        if any(study_folder.iterdir()) or not self.is_old(study_folder):
            return False
        study_folder.rmdir()
        return True

    def _removed(self, path: Path) -> bool:
        if path.is_dir() or not self.is_old(path):
            return False
        path.unlink(missing_ok=True)
        return True


def _results(folder: Path) -> list[StoredResult]:
    return StudyFolder(folder).results()
