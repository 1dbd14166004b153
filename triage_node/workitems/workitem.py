"""A workitem as a worklist has it, read from the DICOM JSON Model (PS3.4 Table CC.2.5-3); what it lacks is empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from triage_node.imaging import text_of, values_of
from triage_node.ingest import is_uid

SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED = "SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"
FINAL = (COMPLETED, CANCELED)
HIGH = "HIGH"
INPUT, REQUEST = "InputInformationSequence", "ReferencedRequestSequence"
MOST_NAMED = 100


@dataclass(frozen=True)
class Workitem:
    """A workitem.

    ``inputs`` are the studies whose instances it is about, ``requested`` those of its request; codes are pairs of value
    and scheme; ``cancellation`` is why somebody asks its performer to cancel it, None when nobody does.
    """

    uid: str
    state: str
    priority: str = ""
    readiness: str = ""
    starts_at: str = ""
    inputs: tuple[str, ...] = ()
    requested: tuple[str, ...] = ()
    accession_numbers: tuple[str, ...] = ()
    patient_id: str = ""
    stations: tuple[tuple[str, str], ...] = ()
    procedures: tuple[tuple[str, str], ...] = ()
    retrieve_urls: tuple[str, ...] = ()
    cancellation: str | None = None

    @classmethod
    def read(cls, ds: Any) -> Self:
        """Read a data set; whatever it is, what is not understood is missing."""
        return cls(
            uid if is_uid(uid := text_of(ds, "SOPInstanceUID")) else "",
            text_of(ds, "ProcedureStepState"),
            text_of(ds, "ScheduledProcedureStepPriority"),
            text_of(ds, "InputReadinessState"),
            text_of(ds, "ScheduledProcedureStepStartDateTime"),
            tuple(filter(is_uid, _texts(ds, f"{INPUT}.StudyInstanceUID"))),
            tuple(filter(is_uid, _texts(ds, f"{REQUEST}.StudyInstanceUID"))),
            _texts(ds, f"{REQUEST}.AccessionNumber"),
            text_of(ds, "PatientID"),
            _codes(ds, "ScheduledStationNameCodeSequence"),
            _codes(ds, "ScheduledWorkitemCodeSequence"),
            _texts(ds, f"{INPUT}.WADORSRetrievalSequence.RetrieveURL"),
        )

    @property
    def study(self) -> str:
        """The one study it is about, prior studies among its input left aside; empty when it names none or several."""
        named = [one for one in self.inputs if one in self.requested] or self.inputs or self.requested
        return named[0] if len(named) == 1 else ""

    def concerns(self, study_instance_uid: str, accession_number: str, patient_id: str) -> bool:
        """Tell whether it is about a study: by its UID, or where it names none by accession number and patient."""
        if self.requested or self.inputs:
            return study_instance_uid in (self.requested or self.inputs)
        is_patient = bool(patient_id) and patient_id == self.patient_id
        return is_patient and bool(accession_number) and accession_number in self.accession_numbers


def in_order(workitems: Sequence[Workitem]) -> list[Workitem]:
    """Return workitems in the order in which they are to be performed: HIGH first, then by their start."""
    return sorted(workitems, key=lambda one: (one.priority != HIGH, one.starts_at))


def _texts(ds: Any, keyword: str) -> tuple[str, ...]:
    values = [one.strip("\0 ") for one in values_of(ds, keyword) if isinstance(one, str)]
    return tuple(dict.fromkeys(one for one in values if one))[:MOST_NAMED]


def _codes(ds: Any, keyword: str) -> tuple[tuple[str, str], ...]:
    items = values_of(ds, keyword)[:MOST_NAMED]
    return tuple((text_of(item, "CodeValue"), text_of(item, "CodingSchemeDesignator")) for item in items)
