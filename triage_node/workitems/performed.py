"""What a server is told of a workitem that the node performs (PS3.4 Table CC.2.5-3)."""

import time
from collections.abc import Mapping, Sequence

from triage_node.endpoints import Endpoint
from triage_node.imaging import Item, data_set
from triage_node.worklist import ReportReference, StudyProgress

DETECTION = {"CodeValue": "110004", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Computer Aided Detection"}
"""PS3.16 CID 9231."""
LONGEST_REASON = 1024
EQUIPMENT_FAILURE, INCOMPLETE, UNSPECIFIED = "110501", "110523", "110513"
"""PS3.16 CID 9300, by the code values."""
MEANINGS = {
    EQUIPMENT_FAILURE: "Equipment failure",
    INCOMPLETE: "Object Set incomplete",
    UNSPECIFIED: "Discontinued for unspecified reason",
}


def progress(percent: int, words: str) -> Item:
    """Return how far it is."""
    told = data_set({"ProcedureStepProgress": percent, "ProcedureStepProgressDescription": words})
    return data_set({"ProcedureStepProgressInformationSequence": [told]})


def completed(
    study_instance_uid: str, study: StudyProgress, station: str, destinations: Mapping[str, Endpoint]
) -> Item:
    """Return what came of an analysis: when, by whom, and the report."""
    report = study.report
    performed = _performed(study, station) | data_set(
        {"OutputInformationSequence": [_output(study_instance_uid, report, destinations)] if report else []}
    )
    told = data_set({"ProcedureStepProgress": 100, "ProcedureStepProgressDescription": study.words})
    return data_set(
        {
            "ProcedureStepProgressInformationSequence": [told],
            "UnifiedProcedureStepPerformedProcedureSequence": [dict(sorted(performed.items()))],
        }
    )


def canceled(reason: str, code: str, at: float) -> Item:
    """Return why there is no analysis."""
    why = {"CodeValue": code, "CodingSchemeDesignator": "DCM", "CodeMeaning": MEANINGS[code]}
    told = data_set(
        {
            "ProcedureStepCancellationDateTime": _date_time(at),
            "ReasonForCancellation": reason[:LONGEST_REASON],
            "ProcedureStepDiscontinuationReasonCodeSequence": [data_set(why)],
        }
    )
    return data_set({"ProcedureStepProgressInformationSequence": [told]})


def _performed(study: StudyProgress, station: str) -> Item:
    name = {"CodeValue": station, "CodingSchemeDesignator": "99TRIAGE", "CodeMeaning": station}
    return data_set(
        {
            "PerformedStationNameCodeSequence": [data_set(name)],
            "PerformedProcedureStepStartDateTime": _date_time(study.claimed_at),
            "PerformedProcedureStepEndDateTime": _date_time(study.analyzed_at),
            "PerformedWorkitemCodeSequence": [data_set(DETECTION)],
        }
    )


def _output(study_instance_uid: str, report: ReportReference, destinations: Mapping[str, Endpoint]) -> Item:
    """Return a reference to the report (PS3.3 Table 10-3b), with those that have it."""
    named = {"ReferencedSOPClassUID": report.sop_class_uid, "ReferencedSOPInstanceUID": report.sop_instance_uid}
    series = f"{study_instance_uid}/series/{report.series_instance_uid}"
    stored = [destinations[name] for name in report.destinations if name in destinations]
    return data_set(
        {
            "TypeOfInstances": "DICOM",
            "StudyInstanceUID": study_instance_uid,
            "SeriesInstanceUID": report.series_instance_uid,
            "ReferencedSOPSequence": [data_set(named)],
            **_retrieval("DICOMRetrievalSequence", "RetrieveAETitle", _titles(stored)),
            **_retrieval("WADORSRetrievalSequence", "RetrieveURL", [f"{url}/{series}" for url in _addresses(stored)]),
        }
    )


def _retrieval(sequence: str, keyword: str, values: Sequence[str]) -> dict[str, object]:
    return {sequence: [data_set({keyword: value}) for value in values]} if values else {}


def _titles(stored: Sequence[Endpoint]) -> list[str]:
    return [one.peer.ae_title for one in stored if one.scheme in ("dicom", "dicoms")]


def _addresses(stored: Sequence[Endpoint]) -> list[str]:
    return [one.url.rstrip("/") for one in stored if one.scheme in ("https", "http")]


def _date_time(seconds: float | None) -> str:
    """Return a DT with its offset from UTC (PS3.5 6.2)."""
    return "" if seconds is None else time.strftime("%Y%m%d%H%M%S%z", time.localtime(seconds))
