"""UPS-RS: studies as workitems that can be searched and read."""

import pytest
from pydicom.dataset import Dataset

from triage_node.database.workitem_uids import workitem_uid

WORKITEMS = "/dicomweb/workitems"


@pytest.fixture
def program(site, analyzed):
    """Four studies: flagged, not flagged, still coming, and urgent."""
    analyzed("1.1", patient_name="Doe^Jane", patient_id="P1", accession_number="A1")
    analyzed("1.2", "not_flagged", patient_name="Roe^Richard", patient_id="P2")
    analyzed("1.3", register_only=True)
    analyzed("1.4", register_only=True, patient_name="Urg^Ent", urgent=True)
    return site.program()


def studies(answer):
    found = [Dataset.from_json(one) for one in answer.json()] if answer.content else []
    return sorted(one.ReferencedRequestSequence[0].StudyInstanceUID for one in found)


def test_workitems_are_found_by_state_priority_patient_and_time(program):
    expected = {
        "": ["1.1", "1.2", "1.3", "1.4"],
        "?ProcedureStepState=COMPLETED": ["1.1", "1.2"],
        "?ProcedureStepState=SCHEDULED": ["1.3", "1.4"],
        "?00741000=IN PROGRESS": [],
        "?ProcedureStepState=CANCELED": [],
        "?ProcedureStepState=nonsense": [],
        "?ScheduledProcedureStepPriority=HIGH": ["1.1", "1.4"],
        "?ScheduledProcedureStepPriority=MEDIUM": ["1.2", "1.3"],
        "?ScheduledProcedureStepPriority=LOW": [],
        "?InputReadinessState=INCOMPLETE": ["1.3", "1.4"],
        "?InputReadinessState=READY": ["1.1", "1.2"],
        "?PatientName=doe*&ScheduledProcedureStepPriority=HIGH": ["1.1"],
        "?ReferencedRequestSequence.AccessionNumber=A1": ["1.1"],
        "?InputInformationSequence.StudyInstanceUID=1.2": ["1.2"],
        "?ScheduledProcedureStepStartDateTime=19700101-20991231": ["1.1", "1.2", "1.3", "1.4"],
        "?ScheduledProcedureStepStartDateTime=19700101120000-19700102": [],
        f"?SOPInstanceUID={workitem_uid('1.2')}": ["1.2"],
    }
    assert {query: studies(program.get(WORKITEMS + query)) for query in expected} == expected
    assert len(program.get(f"{WORKITEMS}?limit=1&offset=3").json()) == 1


def test_a_workitem_says_what_went_in_and_what_came_out(program, site, tmp_path):
    answer = program.get(f"{WORKITEMS}/{workitem_uid('1.1')}")
    item = Dataset.from_json(answer.json()[0])
    assert item.SOPInstanceUID == workitem_uid("1.1")
    assert (item.ProcedureStepState, item.ScheduledProcedureStepPriority) == ("COMPLETED", "HIGH")
    assert item.ProcedureStepLabel == "Triage for suspected intracranial hemorrhage"
    assert item.WorklistLabel == "TRIAGE"
    assert item.CommentsOnTheScheduledProcedureStep == "flagged: subdural, any"
    [given] = item.InputInformationSequence
    assert (given.StudyInstanceUID, given.SeriesInstanceUID) == ("1.1", "1.1.1")
    assert given.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.1.1.1"
    assert given.WADORSRetrievalSequence[0].RetrieveURL == "http://127.0.0.1/dicomweb/studies/1.1/series/1.1.1"
    [performed] = item.UnifiedProcedureStepPerformedProcedureSequence
    assert performed.PerformedWorkitemCodeSequence[0].CodeValue == "110004"
    assert not performed.OutputInformationSequence, "the report is not on the disk"
    assert "TransactionUID" not in item
    [access, *_] = site.worklist.audit_trail.latest(study_instance_uid="1.1")
    assert access.action == "workitem_read"
    later = Dataset.from_json(program.get(f"{WORKITEMS}/{workitem_uid('1.3')}").json()[0])
    assert (later.ProcedureStepState, later.ScheduledProcedureStepPriority) == ("SCHEDULED", "MEDIUM")


def test_what_cannot_be_answered(program, site):
    assert program.get(f"{WORKITEMS}/1.2.3").status_code == 404
    ignored = program.get(f"{WORKITEMS}?Modality=CT&emptyvaluematching=true")
    assert "were ignored: Modality." in ignored.headers["warning"]
    assert "Empty Value Matching has not been performed." in ignored.headers["warning"]
    assert program.get(f"{WORKITEMS}?ScheduledProcedureStepStartDateTime=20249999").status_code == 400
    assert program.get(WORKITEMS, headers={"Accept": "text/html"}).status_code == 406
    assert site.browser().get(WORKITEMS).status_code == 401
    assert site.browser().get(f"{WORKITEMS}/1").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PUT", "/state"), ("POST", "/cancelrequest"), ("POST", "/subscribers/X")]
)
def test_the_workitems_of_studies_are_not_written(program, method, path):
    answer = program.request(method, f"{WORKITEMS}/{workitem_uid('1.1')}{path}", json={})
    assert answer.status_code == 405
    assert "allow" in answer.headers
