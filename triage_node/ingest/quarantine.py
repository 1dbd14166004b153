"""What could be kept but not registered is set aside, so that it holds up nothing else, and tried again later."""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from triage_node.errors import InvalidInstance, StorageError, TriageError
from triage_node.ingest.unindexed_instance import UnindexedInstance, read_unindexed
from triage_node.logs import origin
from triage_node.storage import Spool
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

SET_ASIDE = "instance_set_aside"
LOST = "instance_lost"
MOST_AT_ONCE = 100


class Quarantine:
    """The spool's folder for what the worklist or the file system does not take.

    A file stays there until it can be registered: it is tried again at every start, and now and then.
    """

    def __init__(self, spool: Spool, worklist: Worklist) -> None:
        self._spool = spool
        self._worklist = worklist
        self._next = 0
        self._untold: Counter[tuple[str, str, str | None]] = Counter()

    @property
    def size(self) -> int:
        """How many files lie there."""
        return len(self._spool.quarantined())

    def put(self, instance: UnindexedInstance, error: Exception) -> None:
        """Set an instance aside; one that was tried again and failed stays where it is, without another word."""
        if instance.path.parent == self._spool.layout.quarantine:
            return
        uid = instance.header.study_instance_uid
        if not instance.path.exists():
            log.error("instance_lost file=%s", instance.path.name)
            words = f"Instances of study {uid} whose file vanished from incoming/ before they were registered"
            self._untold[LOST, words, uid] += 1
            return
        why = _sentence(error)
        if self._moved(instance.path, why):
            words = f"Instances of study {uid} set aside in quarantine/ and tried again later ({why})"
            self._untold[SET_ASIDE, words, uid] += 1

    def put_unreadable(self, path: Path, error: InvalidInstance) -> None:
        """Set a file aside of which not even the header can be read."""
        if path.parent != self._spool.layout.quarantine and self._moved(path, str(error)):
            self._untold[SET_ASIDE, f"Files set aside in quarantine/ that cannot be read ({error})", None] += 1

    def tell(self) -> bool:
        """Leave an event for what was set aside since the last time, one a study and reason; True when there was some.

        While the database refuses, they wait for the next time; the log has them.
        """
        had_news = bool(self._untold)
        try:
            for key, number in list(self._untold.items()):
                code, words, study_instance_uid = key
                self._worklist.registration.tell(code, words, number, study_instance_uid)
                del self._untold[key]
        except StorageError as error:
            log.error("event_waits error=%s", error)
        return had_news

    def readable(self) -> Iterator[UnindexedInstance]:
        """Yield some of what lies there, to be tried again, others each time; what cannot be read is passed over."""
        paths = self._spool.quarantined()
        self._next = self._next if self._next < len(paths) else 0
        wanted = paths[self._next : self._next + MOST_AT_ONCE]
        self._next += MOST_AT_ONCE
        for path in wanted:
            try:
                yield read_unindexed(path)
            except InvalidInstance as error:
                log.debug("still_unreadable file=%s error=%s", path.name, error)

    def _moved(self, path: Path, why: str) -> bool:
        try:
            self._spool.set_aside(path)
        except StorageError as error:  # it stays in incoming/, where the next start finds it
            log.error("not_set_aside file=%s error=%s", path.name, error)
            return False
        log.error("instance_set_aside file=%s reason=%r", path.name, why)
        return True


def _sentence(error: Exception) -> str:
    """Return what went wrong without a peer's data."""
    return str(error) if isinstance(error, TriageError) else origin(error)
