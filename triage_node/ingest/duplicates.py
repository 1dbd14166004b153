"""The thread that looks at what came a second time under a UID: the same image again, or another one."""

import logging
import queue
import threading
from collections import Counter

from triage_node.errors import StorageError
from triage_node.imaging import Difference, difference
from triage_node.ingest.unindexed_instance import UnindexedInstance
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.storage import Spool
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

CONFLICT = "conflicting_duplicate"
MOST_VARIANTS_COMPARED = 8
MOST_UNTOLD = 100
SECONDS_BETWEEN_EVENTS = 1.0


class Duplicates:
    """Drop what is the same image as the first of its UID; keep beside it, and tell, what is another one.

    Comparing may mean to decode, so it happens here and holds up no registration. What waits lies in ``incoming/`` and
    is found again by the next start.
    """

    def __init__(self, spool: Spool, worklist: Worklist) -> None:
        self._spool = spool
        self._worklist = worklist
        self._queue: queue.SimpleQueue[UnindexedInstance | None] = queue.SimpleQueue()
        self._untold: Counter[tuple[str, str]] = Counter()
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, "duplicates", self._stopping)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End after the instance that is being looked at; the others are left for the next start."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def submit(self, instance: UnindexedInstance) -> None:
        """Queue an instance under whose UIDs another was filed before; returns at once."""
        self._queue.put(instance)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                instance = self._queue.get(timeout=SECONDS_BETWEEN_EVENTS if self._untold else None)
            except queue.Empty:
                instance = None
            if instance is not None:
                self._settle(instance)
            if self._queue.empty() or sum(self._untold.values()) >= MOST_UNTOLD:
                self._tell()

    def _settle(self, instance: UnindexedInstance) -> None:
        uids = instance.header.study_instance_uid, instance.header.sop_instance_uid
        try:
            known = self._spool.variants(*uids)[:MOST_VARIANTS_COMPARED]
            if all(difference(instance.path, one) is not Difference.NONE for one in known):
                self._spool.keep_variant(instance.path, *uids)
                self._untold[instance.header.study_instance_uid, instance.calling_ae_title] += 1
            self._spool.forget(instance.path)
        except Exception as error:  # a border: one file must never end the thread; the next start finds it again
            log.error("duplicate_left file=%s error=%s", instance.path.name, origin(error))

    def _tell(self) -> None:
        """Leave one event a study and sender, which counts; while the database refuses, it waits."""
        try:
            for (uid, sender), number in list(self._untold.items()):
                came = f"Instances that {sender or 'a sender'} sent again with other content"
                words = f"{came}; the first are used, these are kept beside them"
                self._worklist.registration.tell(CONFLICT, words, number, uid)
                log.warning("conflicting_duplicates study_instance_uid=%s sender=%r number=%d", uid, sender, number)
                del self._untold[uid, sender]
        except StorageError as error:
            log.error("event_waits error=%s", error)
