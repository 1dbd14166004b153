"""The job that compares the worklist with the spool: rows without files, files without rows, and what nobody needs."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from triage_node.retention.leftovers import Leftovers
from triage_node.retention.pace import Pace
from triage_node.storage import Spool, StudyFolder, hashed
from triage_node.worklist import StudyStock, Worklist

log = logging.getLogger(__name__)


@dataclass
class Reconciled:
    """The figures of a comparison.

    Attributes
    ----------
    missing
        Instances that have a row and no file; each study tells it in an event.
    registered
        Files without a row, of studies that have one: they are registered as if they had just come.
    rebuilt
        Studies without a row: they are made anew from their files, held.
    removed
        Files of deleted instances that were there again.
    temporaries, results, folders
        Half-written files, half-written results, empty folders of studies; all removed.
    unknown
        Folders that hold results of a study nobody knows, and no image; they stay.
    """

    studies: int = 0
    instances: int = 0
    missing: int = 0
    registered: int = 0
    rebuilt: int = 0
    removed: int = 0
    temporaries: int = 0
    results: int = 0
    folders: int = 0
    unknown: int = 0


class Reconciliation:
    """Compare, mend what can be mended without a loss, and tell the rest.

    Parameters
    ----------
    register
        Has a file registered that lies in ``incoming/``.
    rebuild
        Makes the study of a folder anew; tells whether it could.
    """

    def __init__(
        self,
        worklist: Worklist,
        spool: Spool,
        register: Callable[[Path], None],
        rebuild: Callable[[Path], bool],
        pace: Pace,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._worklist = worklist
        self._spool = spool
        self._register = register
        self._rebuild = rebuild
        self._pace = pace
        self._clock = clock

    def run(self) -> Reconciled:
        """Compare all; nothing is removed or registered that may just be coming in.

        Raises
        ------
        StorageError
            The database or the disk refused; the next run begins anew.
        """
        found, leftovers = Reconciled(), Leftovers(self._clock())
        known = set()
        layout = self._spool.layout
        found.temporaries += leftovers.remove_temporaries(layout.incoming, layout.studies)
        for stock in self._worklist.stock.every():
            start = time.perf_counter()
            known.add(bytes.fromhex(hashed(stock.study_instance_uid)))
            self._compare(stock, leftovers, found)
            self._pace.rest(time.perf_counter() - start)
            if self._pace.is_ended:
                return found
        self._look_for_unknown(known, leftovers, found)
        log.info("spool_reconciled %s", " ".join(f"{name}={number}" for name, number in vars(found).items()))
        return found

    def _compare(self, stock: StudyStock, leftovers: Leftovers, found: Reconciled) -> None:
        folder = self._spool.layout.study(stock.study_instance_uid)
        files = {path.stem: path for path in self._spool.instances(stock.study_instance_uid)}
        found.studies, found.instances = found.studies + 1, found.instances + len(stock.is_here)
        if _differ(stock, files):
            # Read anew: much may have come or gone since it was read among others.
            again = self._worklist.stock.of(stock.study_instance_uid)
            if again is not None and again.is_quiet:
                self._tell_missing(again, found)
                self._remove_deleted(again, found)
                self._register_strangers(again, files, leftovers, found)
        if stock.is_quiet and folder.is_dir():
            found.temporaries += leftovers.remove_temporaries(folder)
            found.results += leftovers.remove_half_results(folder)

    def _tell_missing(self, stock: StudyStock, found: Reconciled) -> None:
        uid = stock.study_instance_uid
        here = [one for one, is_here in stock.is_here.items() if is_here]
        missing = [one for one in here if not self._spool.layout.instance(uid, one).is_file()]
        if missing:
            log.error("files_missing study_instance_uid=%s instances=%d", uid, len(missing))
            self._worklist.stock.note_missing(uid, missing)
            found.missing += len(missing)

    def _remove_deleted(self, stock: StudyStock, found: Reconciled) -> None:
        gone = [uid for uid, is_here in stock.is_here.items() if not is_here]
        folder = self._spool.folder(stock.study_instance_uid)
        files = folder.instances(gone)

        def unlink(still_deleted: Collection[str]) -> None:
            paths = [path for uid in still_deleted for path in files.get(uid, ())]
            folder.remove(paths)
            found.removed += len(paths)

        if files:
            self._worklist.deletions.remove(stock.study_instance_uid, list(files), unlink)

    def _register_strangers(
        self, stock: StudyStock, files: Mapping[str, Path], leftovers: Leftovers, found: Reconciled
    ) -> None:
        names = {hashed(uid) for uid in stock.is_here}
        for name, path in files.items():
            # With a second name it waits in incoming/ for its row.
            if name not in names and leftovers.is_old(path) and path.lstat().st_nlink == 1:
                self._register(self._spool.unfile(path, stock.study_instance_uid))
                found.registered += 1

    def _look_for_unknown(self, known: set[bytes], leftovers: Leftovers, found: Reconciled) -> None:
        for folder in self._spool.studies():
            if folder.is_dir() and not _is_known(folder, known):
                self._settle(folder, leftovers, found)

    def _settle(self, folder: Path, leftovers: Leftovers, found: Reconciled) -> None:
        found.temporaries += leftovers.remove_temporaries(folder)
        found.results += leftovers.remove_half_results(folder)
        if leftovers.remove_empty(folder):
            found.folders += 1
            return
        files = self._spool.instances_in(folder)
        is_coming = any(not leftovers.is_old(path) or path.lstat().st_nlink > 1 for path in files)
        if is_coming or not (files or StudyFolder(folder).noted()):
            found.unknown += not is_coming
        elif self._rebuild(folder):
            found.rebuilt += 1


def _is_known(folder: Path, known: set[bytes]) -> bool:
    try:
        return bytes.fromhex(folder.name) in known
    except ValueError:
        return True  # no folder of a study


def _differ(stock: StudyStock, files: Mapping[str, Path]) -> bool:
    return {hashed(uid) for uid, is_here in stock.is_here.items() if is_here} != set(files)
