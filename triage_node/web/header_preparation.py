"""Headers of studies that are complete, read before a viewer asks for them: one thread, in no hurry."""

import logging
import threading

from cachetools import LRUCache

from triage_node.errors import TriageError
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.storage import Spool
from triage_node.web.views.header_cache import HeaderCache
from triage_node.worklist import StudySummary, Worklist

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
PAUSE_SECONDS = 0.003
"""After each header, which takes a third of that: what is being received and analyzed goes first."""
STOP_SECONDS = 5.0
AT_ONCE = 20
MOST_INSTANCES = 1000
"""Of a study; those of a larger one are read when they are asked for."""
MOST_REMEMBERED = 1000


class HeaderPreparation:
    """Follows the changes of studies and fills the cache that Retrieve Metadata reads from.

    Only files on this machine are read, none is fetched from an object storage. What the cache can hold bounds the
    memory; without this thread the first answer takes longer, and is the same.
    """

    def __init__(self, worklist: Worklist, spool: Spool, headers: HeaderCache) -> None:
        self._worklist = worklist
        self._spool = spool
        self._headers = headers
        self._prepared: LRUCache[str, int] = LRUCache(MOST_REMEMBERED)
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, "headers", self._stopping)

    def start(self) -> None:
        """Begin with what becomes complete from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the header that is being read."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def prepare_since(self, marker: int) -> int:
        """Read the headers of the studies that changed after a marker and are complete; return the next marker.

        Raises
        ------
        StorageError
            The worklist cannot be read.
        """
        changes = self._worklist.study_lists.changes_since(marker, AT_ONCE)
        for study in changes.studies:
            is_new = self._prepared.get(study.study_instance_uid) != study.revision
            if study.closed_at is not None and study.has_images and is_new:
                self._prepare(study)
        return changes.marker

    def _prepare(self, study: StudySummary) -> None:
        for one in self._worklist.stored_instances.find(study.study_instance_uid)[:MOST_INSTANCES]:
            path = self._spool.layout.stored_file(one.study_instance_uid, one.sop_instance_uid, one.result_file)
            try:
                self._headers.prepare(path)
            except Exception as error:  # the border to a peer's bytes: one file stops no other
                log.warning("header_not_prepared error=%s", origin(error))
            if self._stopping.wait(PAUSE_SECONDS):
                return
        self._prepared[study.study_instance_uid] = study.revision

    def _run(self) -> None:
        marker: int | None = None
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                marker = self._worklist.study_lists.marker() if marker is None else self.prepare_since(marker)
            except TriageError as error:
                log.warning("headers_not_prepared error=%s", origin(error))
