"""The worklist made anew from the spool, when the database is lost."""

import logging
from collections.abc import Sequence
from pathlib import Path

from triage_node.errors import InvalidInstance
from triage_node.intake.kept import read_kept
from triage_node.spool import Spool
from triage_node.worklist import ReceivedInstance, Worklist

log = logging.getLogger(__name__)


def rebuild_worklist(spool: Spool, worklist: Worklist, destinations: Sequence[str]) -> int:
    """Register every instance of the spool and restore the stored outcomes; return the number of studies.

    Rebuilt studies and their reports are held: nothing is analyzed or delivered anew without a person's word.
    """
    studies = 0
    for folder in spool.studies():
        instances = [instance for path in sorted(folder.glob("*.dcm")) if (instance := _read(path))]
        if not instances:
            continue
        worklist.registration.register(instances)
        outcomes = [(str(path), outcome) for path, outcome in spool.results(folder)]
        worklist.rebuilding.restore(instances[0].study_instance_uid, outcomes, destinations)
        studies += 1
    log.info("worklist_rebuilt studies=%d", studies)
    return studies


def _read(path: Path) -> ReceivedInstance | None:
    try:
        return read_kept(path).received()
    except InvalidInstance as error:
        log.error("rebuild_skipped file=%s error=%s", path.name, error)
        return None
