"""A study as a workitem's data set (PS3.4 Table CC.2.5-3)."""

import io
import time
from collections.abc import Sequence

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from triage_node.errors import StorageError
from triage_node.imaging import Item, data_set
from triage_node.search import Workitem, WorkitemOutcome, priority_of, readiness_of, state_of
from triage_node.storage import Spool

UPS_PUSH = "1.2.840.10008.5.1.4.34.6.1"
LABEL = "Triage for suspected intracranial hemorrhage"
# PS3.16 CID 9231
DETECTION = {"CodeValue": "110004", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Computer Aided Detection"}
DICOM_INSTANCES = "DICOM"


def summary_of(study: Workitem, worklist_label: str) -> dict[str, object]:
    """Return what a search shows, by keyword."""
    outcome = study.outcome
    return {
        "SOPClassUID": UPS_PUSH,
        "SOPInstanceUID": study.workitem_uid,
        "PatientName": study.patient_name,
        "PatientID": study.patient_id,
        "PatientBirthDate": study.patient_birth_date,
        "PatientSex": study.patient_sex,
        "ScheduledProcedureStepStartDateTime": date_time(study.first_received_at),
        "ScheduledProcedureStepModificationDateTime": date_time(study.changed_at),
        "ScheduledWorkitemCodeSequence": [data_set(DETECTION)],
        "ScheduledStationNameCodeSequence": [],
        "ScheduledProcessingParametersSequence": [],
        "CommentsOnTheScheduledProcedureStep": _finding(outcome),
        "InputReadinessState": readiness_of(study),
        "ReferencedRequestSequence": [_request(study)],
        "ProcedureStepState": state_of(study),
        "ScheduledProcedureStepPriority": priority_of(study),
        "WorklistLabel": worklist_label,
        "ProcedureStepLabel": LABEL,
    }


def workitem(study: Workitem, worklist_label: str, base_url: str, spool: Spool) -> Item:
    """Return the whole data set: what went in, how far it is, what came out."""
    return data_set(
        summary_of(study, worklist_label)
        | {
            "InputInformationSequence": [
                _reference(study, one.series_instance_uid, one.instances, base_url) for one in study.series
            ],
            "ProcedureStepProgressInformationSequence": _progress(study),
            "UnifiedProcedureStepPerformedProcedureSequence": _performed(study, base_url, spool),
        }
    )


def _finding(outcome: WorkitemOutcome | None) -> str:
    if outcome is None:
        return ""
    if outcome.decision is None:
        return " ".join(outcome.messages)
    types = outcome.flagged or outcome.uncertain
    return outcome.decision.replace("_", " ") + (f": {', '.join(types)}" if types else "")


def _request(study: Workitem) -> Item:
    return data_set(
        {
            "StudyInstanceUID": study.study_instance_uid,
            "AccessionNumber": study.accession_number,
            "RequestedProcedureID": "",
            "RequestedProcedureDescription": study.study_description,
            "ReferringPhysicianName": study.referring_physician_name,
        }
    )


def _reference(study: Workitem, series_instance_uid: str, instances: Sequence[tuple[str, str]], base_url: str) -> Item:
    """Return a reference to instances of a series (PS3.3 Table 10-3b)."""
    address = f"{base_url}/studies/{study.study_instance_uid}/series/{series_instance_uid}"
    return data_set(
        {
            "TypeOfInstances": DICOM_INSTANCES,
            "StudyInstanceUID": study.study_instance_uid,
            "SeriesInstanceUID": series_instance_uid,
            "ReferencedSOPSequence": [
                data_set({"ReferencedSOPClassUID": sop_class_uid, "ReferencedSOPInstanceUID": uid})
                for sop_class_uid, uid in instances
            ],
            "WADORSRetrievalSequence": [data_set({"RetrieveURL": address})],
        }
    )


def _progress(study: Workitem) -> list[Item]:
    if state_of(study) != "CANCELED":
        return []
    outcome = study.outcome
    moment = outcome.created_at if outcome else study.changed_at
    return [
        data_set(
            {"ProcedureStepCancellationDateTime": date_time(moment), "ReasonForCancellation": _finding(outcome)[:1024]}
        )
    ]


def _performed(study: Workitem, base_url: str, spool: Spool) -> list[Item]:
    outcome = study.outcome
    if outcome is None or state_of(study) not in ("COMPLETED", "CANCELED"):
        return []
    report = _report(study, outcome, spool)
    return [
        data_set(
            {
                "PerformedProcedureStepStartDateTime": date_time(study.claimed_at),
                "PerformedProcedureStepEndDateTime": date_time(outcome.created_at),
                "PerformedWorkitemCodeSequence": [data_set(DETECTION)],
                "OutputInformationSequence": [_reference(study, *report, base_url)] if report else [],
            }
        )
    ]


def _report(study: Workitem, outcome: WorkitemOutcome, spool: Spool) -> tuple[str, list[tuple[str, str]]] | None:
    """Return the report's series and the report, from its file; None where there is none."""
    if not outcome.folder:
        return None
    try:
        report = spool.result(study.study_instance_uid, outcome.folder).report()
        if report is None:
            return None
        ds = dcmread(io.BytesIO(report), specific_tags=["SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID"])
    except (StorageError, InvalidDicomError):
        return None
    return str(ds.SeriesInstanceUID), [(str(ds.SOPClassUID), str(ds.SOPInstanceUID))]


def date_time(seconds: float | None) -> str:
    """Return a DT with its offset from UTC (PS3.5 6.2)."""
    return "" if seconds is None else time.strftime("%Y%m%d%H%M%S%z", time.localtime(seconds))
