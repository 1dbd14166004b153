"""The thread that asks one query source for the studies that may be complete, and retrieves what is missing."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from triage_node.endpoints import QuerySource
from triage_node.errors import (
    InvalidInstance,
    PeerCongested,
    PeerDenied,
    PeerError,
    PeerUnreachable,
    StorageError,
)
from triage_node.ingest import SUCCESS, Ingest, Sender, status_of
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.query_retrieve.source import Source, SourceInstance
from triage_node.worklist import Announced, Worklist

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
MOST_RETRIEVALS = 3
"""Of the same instances of a study: what a source does not give three times it will not give."""
NOTHING = (PeerUnreachable, PeerCongested, PeerDenied)
"""The source answers nothing now, whatever it is asked."""


@dataclass(frozen=True)
class QuerierState:
    """Whether a source answers: None before the first query."""

    source: str
    answers: bool | None
    error: str = ""


class Querier:
    """Ask about each open study that has fallen silent, not more often than the source's interval.

    The thread is the source's own: one that is down or silent holds up nothing but itself, and studies are then closed
    by the timers.

    Parameters
    ----------
    source
        What asks.
    steady
        Seconds of a clock that nobody can set.
    is_on_duty
        Whether this process does it, of several that could.
    """

    def __init__(
        self,
        settings: QuerySource,
        source: Source,
        worklist: Worklist,
        ingest: Ingest,
        steady: Callable[[], float] = time.monotonic,
        is_on_duty: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._is_on_duty = is_on_duty
        self._source = source
        self._worklist = worklist
        self._ingest = ingest
        self._steady = steady
        self._asked: dict[str, float] = {}
        self._told: dict[str, int] = {}
        self._retrieved: dict[str, tuple[frozenset[str], int]] = {}
        self._resume_at = steady()
        self._pause_seconds = 0.0
        self._state = QuerierState(settings.name, None)
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, f"querier-{settings.name}", self._stopping)

    @property
    def state(self) -> QuerierState:
        """Whether the source answers."""
        return self._state

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start asking."""
        self._thread.start()

    def end(self) -> None:
        """Ask nothing any more."""
        self._stopping.set()

    def stop(self, within_seconds: float) -> None:
        """End; a query or retrieval that is under way is waited for so long, and then left."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(within_seconds)

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            if not self._is_on_duty():
                continue
            try:
                self.ask_all()
            except Exception as error:  # a border: whatever a source answers, the thread goes on
                log.error("query_failed source=%s error=%s", self._settings.name, origin(error))

    def ask_all(self) -> None:
        """Ask about the studies that are due."""
        doubtful = self._worklist.study_completion.doubtful
        for known in (self._asked, self._told, self._retrieved):
            for uid in known.keys() - set(doubtful):
                del known[uid]
        for uid in doubtful:
            now = self._steady()
            if self._stopping.is_set() or now < self._resume_at:
                return
            if now - self._asked.get(uid, float("-inf")) >= self._settings.interval_seconds:
                self._asked[uid] = now
                self._ask(uid)

    def _ask(self, study_instance_uid: str) -> None:
        try:
            self._complete(study_instance_uid)
            self._note_answer()
        except NOTHING as error:
            self._note_silence(error)
        except PeerError as error:
            self._note_answer()
            log.warning("query_refused source=%s error=%s", self._settings.name, error)
        except StorageError as error:
            log.error("answer_not_noted source=%s error=%s", self._settings.name, error)

    def _complete(self, study_instance_uid: str) -> None:
        """Note what the source has of a study, and retrieve what is missing."""
        count = self._source.count(study_instance_uid)
        if count is None:
            return
        received = self._worklist.announcements.received(study_instance_uid)
        listed = self._listed(study_instance_uid)
        pairs = [(one.series_instance_uid, one.sop_instance_uid) for one in listed]
        name = f"source {self._settings.name}"
        self._worklist.announcements.note(name, [Announced(study_instance_uid, pairs, count)])
        others = [one for one in listed if one.series_instance_uid not in received.own_series]
        missing = [one for one in others if one.sop_instance_uid not in received.sop_instance_uids]
        if missing and len(missing) != self._told.get(study_instance_uid):
            self._told[study_instance_uid] = len(missing)
            self._tell(study_instance_uid, "instances_missing", f"{len(missing)} of {len(others)} are not here")
        if missing and self._settings.retrieve and self._may_retrieve(study_instance_uid, missing):
            self._retrieve(study_instance_uid, missing)

    def _listed(self, study_instance_uid: str) -> Sequence[SourceInstance]:
        """Return what the source lists, nothing where it has no list: then its count is all there is to go by.

        A count alone is not believed where there is a list: it may lag behind what a source still receives.
        """
        try:
            return self._source.instances(study_instance_uid)
        except NOTHING:
            raise
        except PeerError as error:
            log.info("instances_not_listed source=%s error=%s", self._settings.name, error)
            return ()

    def _may_retrieve(self, study_instance_uid: str, missing: Sequence[SourceInstance]) -> bool:
        uids = frozenset(one.sop_instance_uid for one in missing)
        before, times = self._retrieved.get(study_instance_uid, (uids, 0))
        times = times + 1 if before == uids else 1
        self._retrieved[study_instance_uid] = uids, times
        return times <= MOST_RETRIEVALS

    def _retrieve(self, study_instance_uid: str, missing: Sequence[SourceInstance]) -> None:
        completed = failed = 0
        sender = Sender(self._settings.name, self._settings.url)

        def keep(content: bytes) -> int:
            try:
                self._ingest.receive(content, sender, study_instance_uid)
            except (InvalidInstance, StorageError) as error:
                return status_of(error)
            return SUCCESS

        try:
            for so_far in self._source.retrieve(study_instance_uid, missing, keep):
                completed, failed = so_far.completed, so_far.failed
                if self._stopping.is_set():
                    break
        except PeerError as error:
            self._tell(study_instance_uid, "retrieval_failed", f"{error} ({completed} of {len(missing)} retrieved)")
            raise
        self._tell(study_instance_uid, "retrieved", f"{completed} of {len(missing)} instances, {failed} failed")

    def _tell(self, study_instance_uid: str, code: str, words: str) -> None:
        name = self._settings.name
        log.info("%s source=%s study_instance_uid=%s said=%r", code, name, study_instance_uid, words)
        self._worklist.announcements.tell(study_instance_uid, code, f"{name}: {words}")

    def _note_answer(self) -> None:
        if self._state.answers is False:
            log.info("source_up source=%s", self._settings.name)
        self._state = QuerierState(self._settings.name, True)
        self._pause_seconds = 0.0

    def _note_silence(self, error: PeerError) -> None:
        if self._state.answers is not False:
            log.warning("source_down source=%s error=%s", self._settings.name, error)
        self._state = QuerierState(self._settings.name, False, str(error))
        longer = max(FIRST_PAUSE_SECONDS, 2 * self._pause_seconds)
        self._pause_seconds = max(error.retry_after_seconds, min(longer, LONGEST_PAUSE_SECONDS))
        self._resume_at = self._steady() + self._pause_seconds
