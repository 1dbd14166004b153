"""The thread that has one server show the workitems of flagged studies first; it never lowers a priority."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from triage_node.endpoints import WorkitemServer, has_code
from triage_node.errors import PeerError, StorageError
from triage_node.imaging import Item, data_set
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.workitems.manager import WorkitemRefused
from triage_node.workitems.patience import NOTHING, Patience, ServerState
from triage_node.workitems.ups_server import UpsServer
from triage_node.workitems.workitem import HIGH, SCHEDULED, Workitem
from triage_node.worklist import PriorityChange, Worklist

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
PAUSE_AFTER_ERROR_SECONDS = 5.0
MOST_LOOKED_AT = 20
GIVE_UP_SECONDS = 24 * 3600.0
INTERPRETATION = "110005^DCM"
"""PS3.16 CID 9231."""
MEANINGS = {INTERPRETATION: "Interpretation"}
LABEL = "Reading of a study with a suspected intracranial hemorrhage"


class Prioritizer:
    """Tell a server of each outcome that is to be read first, of a study in their order.

    Parameters
    ----------
    clock
        Seconds since 1970.
    steady
        Seconds of a clock that nobody can set.
    is_on_duty
        Whether this process does it, of several that could.
    """

    def __init__(
        self,
        settings: WorkitemServer,
        server: UpsServer,
        worklist: Worklist,
        worklist_label: str,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        is_on_duty: Callable[[], bool] = lambda: True,
    ) -> None:
        self._is_on_duty = is_on_duty
        self._settings = settings
        self._server = server
        self._changes = worklist.priority_changes
        self._performances = worklist.performances
        self._label = worklist_label
        self._clock = clock
        self._patience = Patience(settings.name, steady)
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, f"prioritizer-{settings.name}", self._stopping)

    @property
    def state(self) -> ServerState:
        """Whether the server answers."""
        return self._patience.state

    def start(self) -> None:
        """Start telling."""
        self._thread.start()

    def end(self) -> None:
        """Tell nothing any more."""
        self._stopping.set()

    def stop(self, within_seconds: float) -> None:
        """End; a request that is under way is waited for so long, and then left."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(within_seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = TICK_SECONDS
            try:
                if self._is_on_duty() and self.tell_next():
                    continue
                self._server.rest()
            except Exception as error:  # a border: the next outcome must be told
                reason = error if isinstance(error, StorageError) else origin(error)
                log.error("priority_failed server=%s error=%s", self._settings.name, reason)
                pause = PAUSE_AFTER_ERROR_SECONDS
            self._stopping.wait(pause)
        self._server.rest()

    def tell_next(self) -> bool:
        """Tell of the outcome that is due; False when none is, or the server is not to be called now."""
        change = self._changes.next(self._settings.name) if self._patience.may_call else None
        if change is None:
            return False
        try:
            self._tell(change)
            self._patience.answered()
        except NOTHING as error:
            # An outage is not the study's fault: it keeps its place, and no time of its own is spent.
            self._patience.failed(error)
            self._changes.held_up(change, str(error))
            return False
        except PeerError as error:
            self._patience.answered()
            self._postpone(change, GIVE_UP_SECONDS, str(error))
        return True

    def _tell(self, change: PriorityChange) -> None:
        workitems = list(self._workitems_of(change))
        raised = [one.uid for one in workitems if self._raise(one)]
        if raised:
            self._changes.done(change, "priority_raised", f"{', '.join(raised)} HIGH now")
        elif workitems:
            words = ", ".join(f"{one.uid} is {one.state}, {one.priority or 'without priority'}" for one in workitems)
            self._changes.done(change, "priority_kept", words)
        elif self._settings.creates:
            uid = self._uid_of(change)
            is_new = self._server.create(uid, self._attributes(change))
            self._changes.done(change, "workitem_created", f"{uid}{'' if is_new else ', which was there'}")
        else:
            self._postpone(change, self._settings.wait_minutes * 60, "it has no workitem of the study")

    def _raise(self, workitem: Workitem) -> bool:
        """Raise the priority of what nobody has begun; that of others would tell nobody anything."""
        if workitem.state != SCHEDULED or workitem.priority == HIGH:
            return False
        try:
            self._server.update(workitem.uid, "", data_set({"ScheduledProcedureStepPriority": HIGH}))
        except WorkitemRefused:
            there = self._server.retrieve(workitem.uid)
            if there is None or there.state != SCHEDULED:
                return False
            raise
        return True

    def _workitems_of(self, change: PriorityChange) -> Iterator[Workitem]:
        """Yield the workitems of a study, but those that the node itself performs."""
        for uid in self._found(change)[:MOST_LOOKED_AT]:
            workitem = self._server.retrieve(uid)
            named = change.study_instance_uid, change.accession_number, change.patient_id
            if workitem is None or not workitem.concerns(*named):
                continue
            is_own = self._performances.get(self._settings.name, uid) is not None
            if not is_own and has_code(self._settings.reading, workitem.procedures):
                yield workitem

    def _found(self, change: PriorityChange) -> list[str]:
        """Search by whatever the server can search by; what it finds is looked at one by one."""
        questions = [
            {"ReferencedRequestSequence.StudyInstanceUID": change.study_instance_uid},
            {"InputInformationSequence.StudyInstanceUID": change.study_instance_uid},
        ]
        if change.accession_number:
            questions.append({"ReferencedRequestSequence.AccessionNumber": change.accession_number})
        found: dict[str, None] = {}
        refusals: list[WorkitemRefused] = []
        for question in questions:
            try:
                found |= dict.fromkeys(one.uid for one in self._server.search(**question))
            except WorkitemRefused as error:
                refusals.append(error)
        if len(refusals) == len(questions):
            raise refusals[0]
        return list(found)

    def _postpone(self, change: PriorityChange, give_up_seconds: float, error: str) -> None:
        pause = max(self._settings.poll_seconds, 1.0)
        if change.tried_seconds + pause > give_up_seconds:
            log.warning("priority_not_raised server=%s error=%s", self._settings.name, error)
            self._changes.give_up(change, error)
        else:
            self._changes.retry(change, pause, pause, error)

    def _uid_of(self, change: PriorityChange) -> str:
        """Return the UID of the workitem that is created for a study, always the same (PS3.5 B.2)."""
        digest = hashlib.sha256(f"reading\n{self._settings.url}\n{change.study_instance_uid}".encode()).digest()
        return f"2.25.{int.from_bytes(digest[:16], 'big')}"

    def _attributes(self, change: PriorityChange) -> Item:
        """Return a new workitem (PS3.4 Table CC.2.5-3)."""
        code = self._settings.reading or INTERPRETATION
        value, _, scheme = code.partition("^")
        procedure = {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": MEANINGS.get(code, value)}
        request = {
            "StudyInstanceUID": change.study_instance_uid,
            "AccessionNumber": change.accession_number,
            "RequestedProcedureID": "",
            "RequestedProcedureDescription": change.study_description,
        }
        study = {"TypeOfInstances": "DICOM", "StudyInstanceUID": change.study_instance_uid}
        return data_set(
            {
                "TransactionUID": "",
                "ProcedureStepState": SCHEDULED,
                "ScheduledProcedureStepPriority": HIGH,
                "ProcedureStepLabel": LABEL,
                "WorklistLabel": self._label,
                "ScheduledProcedureStepStartDateTime": time.strftime("%Y%m%d%H%M%S%z", time.localtime(self._clock())),
                "ScheduledWorkitemCodeSequence": [data_set(procedure)],
                "ScheduledProcessingParametersSequence": [],
                "ScheduledStationNameCodeSequence": [],
                "ScheduledStationClassCodeSequence": [],
                "ScheduledStationGeographicLocationCodeSequence": [],
                "CommentsOnTheScheduledProcedureStep": "",
                "InputReadinessState": "READY",
                "InputInformationSequence": [data_set(study)],
                "PatientName": change.patient_name,
                "PatientID": change.patient_id,
                "PatientBirthDate": change.patient_birth_date,
                "PatientSex": change.patient_sex,
                "AdmissionID": "",
                "ReferencedRequestSequence": [data_set(request)],
                "ProcedureStepProgressInformationSequence": [],
                "UnifiedProcedureStepPerformedProcedureSequence": [],
            }
        )
