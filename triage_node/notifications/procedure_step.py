"""Modality Performed Procedure Step as a service class provider (PS3.4 Annex F): what a scanner has made."""

import logging
from collections.abc import Iterator

from pydicom.dataset import Dataset

from triage_node.dimse import Operation, ServiceRequest, ServiceResponse, Status
from triage_node.imaging import text
from triage_node.ingest import is_uid
from triage_node.notifications.references import UnusableAttribute, items, uid
from triage_node.worklist import Announced, Step, Worklist

log = logging.getLogger(__name__)

PERFORMED_PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"
MOST_STUDIES = 20
STATES = {"IN PROGRESS": Step.IN_PROGRESS, "COMPLETED": Step.COMPLETED, "DISCONTINUED": Step.DISCONTINUED}
REFERENCES = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")


class ProcedureStepService:
    """Take N-CREATE and N-SET of performed procedure steps.

    The instances that a step has made are awaited. While a step of a study is in progress, nothing closes the study
    early; one that was discontinued says nothing. A step that has ended is not changed any more (PS3.4 F.7.2.2.2).
    """

    def __init__(self, worklist: Worklist) -> None:
        self._announcements = worklist.announcements

    @property
    def sop_classes(self) -> frozenset[str]:
        """The one SOP class."""
        return frozenset([PERFORMED_PROCEDURE_STEP])

    @property
    def operations(self) -> frozenset[Operation]:
        """What is taken."""
        return frozenset([Operation.N_CREATE, Operation.N_SET])

    def answer(self, request: ServiceRequest) -> ServiceResponse:
        """Create or change a step."""
        if not is_uid(request.sop_instance_uid):
            return ServiceResponse(Status.INVALID_SOP_INSTANCE)
        try:
            if request.operation is Operation.N_CREATE:
                return self._create(request)
            return self._set(request)
        except UnusableAttribute as error:
            return ServiceResponse(Status.MISSING_ATTRIBUTE, comment=f"{error} is missing or cannot be used")

    def _create(self, request: ServiceRequest) -> ServiceResponse:
        name = _origin(request)
        if self._announcements.step_of(name) is not None:
            return ServiceResponse(Status.DUPLICATE_SOP_INSTANCE)
        if _state(request.data_set) is not Step.IN_PROGRESS:
            return ServiceResponse(Status.INVALID_ATTRIBUTE_VALUE, comment="a new step is IN PROGRESS")
        scheduled = items(request.data_set, "ScheduledStepAttributesSequence")
        studies = list(dict.fromkeys(uid(item, "StudyInstanceUID") for item in scheduled))[:MOST_STUDIES]
        if not studies:
            raise UnusableAttribute("ScheduledStepAttributesSequence")
        return self._note(name, studies, request.data_set, Step.IN_PROGRESS)

    def _set(self, request: ServiceRequest) -> ServiceResponse:
        name = _origin(request)
        before = self._announcements.step_of(name)
        if before is None:
            return ServiceResponse(Status.NO_SUCH_SOP_INSTANCE)
        if before is not Step.IN_PROGRESS:
            # PS3.4 Table F.7.2-2, which says so by its Error ID A710.
            return ServiceResponse(Status.PROCESSING_FAILURE, comment="the step has ended and may not be changed")
        has_state = "PerformedProcedureStepStatus" in request.data_set
        step = _state(request.data_set) if has_state else Step.IN_PROGRESS
        return self._note(name, self._announcements.studies_of(name), request.data_set, step)

    def _note(self, name: str, studies: list[str], ds: Dataset, step: Step) -> ServiceResponse:
        # Of a step for several studies nobody says which series belongs to which.
        listed = list(_performed(ds)) if len(studies) == 1 else []
        self._announcements.note(name, [Announced(one, listed, step=step) for one in studies])
        log.info("procedure_step origin=%s step=%s studies=%d instances=%d", name, step, len(studies), len(listed))
        return ServiceResponse(Status.SUCCESS)


def _origin(request: ServiceRequest) -> str:
    return f"procedure step {request.sop_instance_uid}"


def _state(ds: Dataset) -> Step:
    state = STATES.get(text(ds, "PerformedProcedureStepStatus").upper())
    if state is None:
        raise UnusableAttribute("PerformedProcedureStepStatus")
    return state


def _performed(ds: Dataset) -> Iterator[tuple[str, str]]:
    """Yield series and SOP Instance UIDs (PS3.4 Table F.7.2-1)."""
    for series in items(ds, "PerformedSeriesSequence"):
        series_instance_uid = uid(series, "SeriesInstanceUID")
        for keyword in REFERENCES:
            for reference in items(series, keyword):
                yield series_instance_uid, uid(reference, "ReferencedSOPInstanceUID")
