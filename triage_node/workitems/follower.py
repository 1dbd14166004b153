"""What becomes of a claimed workitem: its study is awaited and followed, its worklist told, and it is ended."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from triage_node.endpoints import Endpoint
from triage_node.imaging import Item
from triage_node.workitems.input_studies import InputStudies
from triage_node.workitems.manager import Manager, WorkitemRefused
from triage_node.workitems.performed import EQUIPMENT_FAILURE, INCOMPLETE, UNSPECIFIED, canceled, completed, progress
from triage_node.workitems.workitem import CANCELED, COMPLETED, FINAL, HIGH, IN_PROGRESS, Workitem
from triage_node.worklist import Performance, WorkitemStep, Worklist

log = logging.getLogger(__name__)

RETRIEVE_AGAIN_SECONDS = 30.0
PROGRESS: Mapping[str, tuple[int, str]] = {
    "receiving": (10, "images are being received"),
    "ready": (20, "waiting for its analysis"),
    "analyzing": (50, "being analyzed"),
    "analyzed": (90, "the report is on its way"),
}
"""Percent and words by the state of the study."""
MORE = "more images are being retrieved"


@dataclass(frozen=True)
class Performing:
    """How a worklist is worked off.

    ``station`` is the node's AE title; ``destinations`` are those that get reports, by name; ``server`` is None for
    what was pushed to the node.
    """

    station: str
    poll_seconds: float
    wait_seconds: float
    destinations: Mapping[str, Endpoint]
    server: Endpoint | None = None


class Follower:
    """Go on with the claimed workitems of one worklist, one after the other.

    Parameters
    ----------
    is_ending
        Whether the node ends: then a retrieval is broken off.
    steady
        Seconds of a clock that nobody can set.
    """

    def __init__(
        self,
        manager: Manager,
        how: Performing,
        worklist: Worklist,
        inputs: InputStudies,
        is_ending: Callable[[], bool],
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._manager = manager
        self._how = how
        self._performances = worklist.performances
        self._studies = worklist.studies_in_progress
        self._inputs = inputs
        self._is_ending = is_ending
        self._clock = clock
        self._steady = steady
        self._retrieved_at: dict[str, float] = {}

    def follow(self, performance: Performance, spent_seconds: float) -> None:
        """Go on with a workitem that is performed.

        Parameters
        ----------
        spent_seconds
            Since it was looked at the last time.

        Raises
        ------
        PeerError
            The worklist does not answer, or does not take it.
        """
        workitem = self._manager.retrieve(performance.workitem_uid)
        if workitem is None or workitem.state != IN_PROGRESS:
            state = "gone" if workitem is None else workitem.state
            self._performances.move(performance, WorkitemStep.DROPPED, f"it is {state}, not by the node")
        elif workitem.cancellation is not None:
            self._cancel(performance, f"Its cancellation was requested. {workitem.cancellation}".strip(), UNSPECIFIED)
        elif not (study_instance_uid := performance.study_instance_uid or self._find(performance, workitem)):
            self._cancel(performance, "It does not name the one study that is to be analyzed.", INCOMPLETE)
        else:
            if workitem.priority == HIGH:
                words = f"workitem {workitem.uid} of {self._manager.name or 'those pushed'} is HIGH"
                self._performances.expedite(study_instance_uid, words)
            self._follow_study(performance, workitem, study_instance_uid, spent_seconds)

    def _find(self, performance: Performance, workitem: Workitem) -> str:
        if workitem.study:
            self._performances.found(performance, workitem.study)
        return workitem.study

    def _follow_study(
        self, performance: Performance, workitem: Workitem, study_instance_uid: str, spent_seconds: float
    ) -> None:
        study = self._studies.get(study_instance_uid)
        if study is None:
            self._await_study(performance, workitem, study_instance_uid, spent_seconds)
        elif study.state == "failed":
            self._cancel(performance, f"Not analyzed. {study.words}", EQUIPMENT_FAILURE)
        elif study.state == "unsuitable":
            if not self._retrieve_more(performance, workitem, study_instance_uid):
                self._cancel(performance, f"Not analyzed. {study.words}", UNSPECIFIED)
        elif study.state == "analyzed" and not study.is_on_its_way:
            self.finish(self._performances.move(performance, WorkitemStep.COMPLETING))
        else:
            self._tell(performance, *PROGRESS[study.state])

    def _await_study(
        self, performance: Performance, workitem: Workitem, study_instance_uid: str, spent_seconds: float
    ) -> None:
        waited = self._performances.waited(performance, min(spent_seconds, 2 * self._how.poll_seconds))
        if waited > self._how.wait_seconds:
            minutes = self._how.wait_seconds / 60
            reason = f"Its images did not come within {minutes:g} min, and no source has them."
            self._cancel(performance, reason, INCOMPLETE)
            return
        self._tell(performance, 0, "waiting for its images")
        last = self._retrieved_at.get(study_instance_uid)
        if last is None or self._steady() - last >= RETRIEVE_AGAIN_SECONDS:
            self._retrieved_at = self._recent() | {study_instance_uid: self._steady()}
            self._inputs.retrieve(study_instance_uid, workitem, self._how.server, self._is_ending)

    def _retrieve_more(self, performance: Performance, workitem: Workitem, study_instance_uid: str) -> bool:
        """Retrieve, once, what of an unsuitable study is not here: a report may have come, and no image yet."""
        if performance.told == MORE:
            return False
        self._tell(performance, 10, MORE)
        return bool(self._inputs.retrieve(study_instance_uid, workitem, self._how.server, self._is_ending))

    def _recent(self) -> dict[str, float]:
        start = self._steady() - RETRIEVE_AGAIN_SECONDS
        return {uid: at for uid, at in self._retrieved_at.items() if at > start}

    def _tell(self, performance: Performance, percent: int, words: str) -> None:
        """Tell how far it is, once; a server that takes no progress still gets the end."""
        if performance.told == words:
            return
        try:
            self._manager.update(performance.workitem_uid, performance.transaction_uid, progress(percent, words))
        except WorkitemRefused as error:
            log.info("workitem_progress_refused server=%s error=%s", self._manager.name, error)
        self._performances.told(performance, words)

    def _cancel(self, performance: Performance, reason: str, code: str) -> None:
        self.finish(self._performances.move(performance, WorkitemStep.CANCELING, reason, code))

    def finish(self, performance: Performance) -> None:
        """Tell what came of it, then end it; both may be told again, as a node may be cut off between them.

        Raises
        ------
        WorkitemRefused
            It is in progress still, and the worklist does not take its end.
        PeerError
            The worklist does not answer.
        """
        content, state = self._end_of(performance)
        uid, transaction_uid = performance.workitem_uid, performance.transaction_uid
        step = WorkitemStep.COMPLETED if state == COMPLETED else WorkitemStep.CANCELED
        try:
            words = self._tell_end(performance, content)
            self._manager.end(uid, transaction_uid, state)
        except WorkitemRefused as error:
            there = self._manager.retrieve(uid)
            if there is None or (there.state in FINAL and there.state != state):
                self._performances.move(performance, WorkitemStep.DROPPED, f"it ended without the node: {error}")
                return
            if there.state != state:
                raise
            words = ""
        self._performances.move(performance, step, "; ".join(filter(None, [performance.reason, words])))
        log.info("workitem_ended server=%s workitem_uid=%s state=%s", self._manager.name, uid, state)

    def _tell_end(self, performance: Performance, content: Item) -> str:
        """Tell what came of it; a server that does not take that may still take the end, and its event says so."""
        try:
            self._manager.update(performance.workitem_uid, performance.transaction_uid, content)
        except WorkitemRefused as error:
            log.warning("workitem_result_refused server=%s error=%s", self._manager.name, error)
            return f"what came of it was not taken: {error}"
        return ""

    def _end_of(self, performance: Performance) -> tuple[Item, str]:
        study = self._studies.get(performance.study_instance_uid)
        if performance.step is WorkitemStep.CANCELING or study is None:
            reason = performance.reason or "Its study is not here any more."
            return canceled(reason, performance.reason_code or UNSPECIFIED, self._clock()), CANCELED
        how = self._how
        return completed(performance.study_instance_uid, study, how.station, how.destinations), COMPLETED
