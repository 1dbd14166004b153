"""The worklist made anew from the spool, when the database is lost."""

import logging
from collections.abc import Sequence
from pathlib import Path

from triage_node.errors import InvalidInstance
from triage_node.intake.header import read_header
from triage_node.intake.registrar import received_instance
from triage_node.spool import Spool
from triage_node.worklist import ReceivedInstance, Worklist

log = logging.getLogger(__name__)


def rebuild_worklist(spool: Spool, worklist: Worklist, destinations: Sequence[str]) -> int:
    """Register every instance of the spool and restore the stored outcomes; return the number of studies.

    Rebuilt studies and their reports are held: nothing is analyzed or delivered anew without a person's word. What a
    crash left filed and not yet registered is none of them: the registrar takes it up as an arrival.
    """
    studies, arriving = 0, spool.arriving()
    for folder in spool.studies():
        kept = [path for path in sorted(folder.glob("*.dcm")) if path.stat().st_ino not in arriving]
        instances = [instance for path in kept if (instance := _read(path))]
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
        content = path.read_bytes()
        return received_instance(read_header(content), len(content), path.stat().st_mtime)
    except (InvalidInstance, OSError) as error:
        log.error("rebuild_skipped file=%s error=%s", path.name, error)
        return None
