"""UPS-RS: workitems that others push to the node, by PS3.18 11.4 to 11.9, and what the node does with them."""

import json

import pytest
from sqlalchemy import select
from ups_manager import element, new_workitem

from triage_node.database import StudyRow
from triage_node.database.workitem_uids import workitem_uid
from triage_node.identity import Role
from triage_node.ingest import Ingest
from triage_node.user_agent import Caller
from triage_node.workitems import InputStudies, OwnWorklist, Performer, Performing
from triage_node.worklist.workitems import pushed_workitems as module

WORKITEMS = "/dicomweb/workitems"
JSON = {"Content-Type": "application/dicom+json"}
LOCK = "1.7.7.7"


@pytest.fixture
def ris(site):
    """A program that pushes workitems."""
    return site.program()


@pytest.fixture
def send(ris):
    """Send a data set as a program; return the answer."""

    def send(method: str, path: str, ds: object, client=None, **headers):
        return (client or ris).request(method, f"{WORKITEMS}{path}", json=[ds], headers=JSON | headers)

    return send


@pytest.fixture
def push(send):
    def push(uid: str, **more) -> str:
        answer = send("POST", f"?{uid}", new_workitem(**more))
        assert answer.status_code == 201, answer.text
        return uid

    return push


@pytest.fixture
def perform(site, clock):
    """Let the node look at what was pushed."""
    assert isinstance(site.ingest, Ingest)

    def perform(sources=()) -> None:
        inputs = InputStudies(sources, Caller("TRIAGE", 2.0, 2.0), site.worklist, site.ingest)
        how = Performing("TRIAGE", 1.0, 3600.0, {})
        Performer(OwnWorklist(site.worklist), how, site.worklist, inputs, clock, clock).look()

    return perform


def change(state: str, transaction_uid: str = LOCK) -> dict:
    return {"00081195": element("UI", transaction_uid), "00741000": element("CS", state)}


def shown(ris, uid: str) -> dict:
    [ds] = ris.get(f"{WORKITEMS}/{uid}").json()
    return ds


def state(ris, uid: str) -> str:
    return shown(ris, uid)["00741000"]["Value"][0]


def test_a_pushed_workitem_is_there_and_found_beside_those_of_the_studies(ris, send, push, analyzed, site):
    analyzed("1.1", register_only=True)
    answer = send("POST", "?1.9.1", new_workitem(study="1.2.3", priority="HIGH", accession="A1"))
    address = f"http://127.0.0.1{WORKITEMS}/1.9.1"
    assert (answer.status_code, answer.content) == (201, b"")
    assert (answer.headers["location"], answer.headers["content-location"]) == (address, address)
    push("1.9.2", study="1.2.4")
    ds = shown(ris, "1.9.1")
    assert "00081195" not in ds
    assert list(ds) == sorted(ds)
    assert ds["00080016"]["Value"] == ["1.2.840.10008.5.1.4.34.6.1"]
    assert (ds["00741000"]["Value"], ds["00741200"]["Value"]) == (["SCHEDULED"], ["HIGH"])
    expected = {
        "": ["1.9.2", "1.9.1", workitem_uid("1.1")],
        "?limit=1&offset=1": ["1.9.1"],
        "?limit=2&offset=1": ["1.9.1", workitem_uid("1.1")],
        "?offset=2": [workitem_uid("1.1")],
        "?ProcedureStepState=SCHEDULED&ScheduledProcedureStepPriority=HIGH": ["1.9.1"],
        "?InputInformationSequence.StudyInstanceUID=1.2.4,1.2.5": ["1.9.2"],
        "?ReferencedRequestSequence.AccessionNumber=A*": ["1.9.1"],
        "?ReferencedRequestSequence.AccessionNumber=A": [],
        "?PatientName=d%C3%B6e*&SOPInstanceUID=1.9.2": ["1.9.2"],
        "?PatientID=p1": [],
        "?ScheduledProcedureStepStartDateTime=20240101-20240102&PatientID=P1": ["1.9.2", "1.9.1"],
        "?ScheduledProcedureStepStartDateTime=20240102-&PatientID=P1": [],
        "?ScheduledProcedureStepModificationDateTime=20231114-20231115&SOPInstanceUID=1.9.2": ["1.9.2"],
    }
    found = {query: ris.get(WORKITEMS + query) for query in expected}
    uids = {
        query: [ds["00080018"]["Value"][0] for ds in one.json()] if one.content else [] for query, one in found.items()
    }
    assert uids == expected
    actions = [one.action for one in site.worklist.audit_trail.latest(study_instance_uid="1.2.3")]
    assert actions == ["workitem_read", "workitem_created"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"00741000": element("CS", "IN PROGRESS")}, "?1.9.1"),
        ({"00081195": element("UI", LOCK)}, "?1.9.1"),
        ({"00741200": element("CS", "URGENT")}, "?1.9.1"),
        ({"00741200": element("CS")}, "?1.9.1"),
        ({"00741204": element("LO")}, "?1.9.1"),
        ({"00404005": element("DT")}, "?1.9.1"),
        ({"00404021": element("SQ"), "0040A370": element("SQ")}, "?1.9.1"),
        ({"00404021": element("SQ", *({"0020000D": element("UI", uid)} for uid in ("1.3", "1.4")))}, "?1.9.1"),
        ({"00080018": element("UI", "1.9.2")}, "?1.9.1"),
        ({"lower": element("UI", "1")}, "?1.9.1"),
        ({"00100020": "P1"}, "?1.9.1"),
        ({}, "?workitem=not/a/uid"),
    ],
)
def test_what_is_no_new_workitem_is_400(send, site, changes, path):
    assert send("POST", path, new_workitem() | changes).status_code == 400
    assert site.worklist.pushed_workitems.all() == []


def test_the_uid_may_stand_in_either_place_or_be_left_to_the_node(ris, send):
    assert send("POST", "?AffectedSOPInstanceUID=1.9.1", new_workitem()).status_code == 201
    assert send("POST", "", new_workitem() | {"00080018": element("UI", "1.9.2")}).status_code == 201
    address = send("POST", "", new_workitem()).headers["location"]
    assert {state(ris, uid) for uid in ("1.9.1", "1.9.2", address.rpartition("/")[2])} == {"SCHEDULED"}


def test_what_is_no_data_set_or_from_somebody_else_is_refused(ris, send, site, push):
    push("1.9.1")
    assert send("POST", "?1.9.1", new_workitem()).status_code == 409
    assert ris.post(f"{WORKITEMS}?1.9.2", content=b"{", headers=JSON).status_code == 400
    assert ris.post(f"{WORKITEMS}?1.9.2", json=[], headers=JSON).status_code == 400
    not_a_number = json.dumps([new_workitem() | {"00741004": element("DS", float("nan"))}])
    assert ris.post(f"{WORKITEMS}?1.9.2", content=not_a_number, headers=JSON).status_code == 400
    large = new_workitem() | {"00410010": element("LT", "x" * (200 << 10))}
    assert send("POST", "?1.9.2", large).status_code == 400
    assert ris.post(f"{WORKITEMS}?1.9.2", content=b"<x/>", headers={"Content-Type": "text/xml"}).status_code == 415
    assert ris.post(f"{WORKITEMS}?1.9.2", content=b" " * (300 << 10), headers=JSON).status_code == 413
    reader, nobody = site.program(Role.READER), site.browser()
    assert send("POST", "?1.9.2", new_workitem(), reader).status_code == 403
    assert send("POST", "?1.9.2", new_workitem(), nobody).status_code == 401
    for method, path in (("POST", "/1.9.9"), ("PUT", "/1.9.9/state"), ("POST", "/1.9.9/cancelrequest")):
        assert send(method, path, change("IN PROGRESS")).status_code == 404


def test_a_workitem_of_a_study_keeps_its_uid_to_itself(send, analyzed):
    analyzed("1.1", register_only=True)
    assert send("POST", f"?{workitem_uid('1.1')}", new_workitem()).status_code == 409


def test_states_and_transaction_uids_are_those_of_the_standard(ris, send, push, site):
    push("1.9.1")
    for wrong in ({}, change("SCHEDULED"), change("IN PROGRESS", "no/uid"), {"00741000": element("CS", "CANCELED")}):
        assert send("PUT", "/1.9.1/state", wrong).status_code == 400
    assert send("PUT", "/1.9.1/state", change("COMPLETED")).status_code == 409
    assert send("PUT", "/1.9.1/state", change("CANCELED")).status_code == 409
    assert send("PUT", "/1.9.1/state", change("IN PROGRESS")).status_code == 200
    assert send("PUT", "/1.9.1/state", change("IN PROGRESS", "1.8.8")).status_code == 409
    other = site.program()
    high = {"00741200": element("CS", "HIGH")}
    assert send("POST", "/1.9.1", high).status_code == 400, "without its Transaction UID"
    assert send("POST", "/1.9.1?transaction-uid=1.8.8", high).status_code == 400
    assert send("POST", f"/1.9.1?{LOCK}", {"00741000": element("CS", "COMPLETED")}).status_code == 400
    assert send("POST", f"/1.9.1?Transaction-uid={LOCK}", high, other).status_code == 200
    assert shown(ris, "1.9.1")["00741200"]["Value"] == ["HIGH"]
    assert send("PUT", "/1.9.1/state", change("COMPLETED", "1.8.8")).status_code == 400
    assert send("PUT", "/1.9.1/state", change("COMPLETED")).status_code == 400, "nothing was performed"
    performed = {"00741216": element("SQ", {"00404051": element("DT", "20240101")}), "00081195": element("UI", LOCK)}
    assert send("POST", "/1.9.1", performed).status_code == 200, "the Transaction UID may stand in the data set"
    assert send("PUT", "/1.9.1/state", change("COMPLETED")).status_code == 200
    again = send("PUT", "/1.9.1/state", change("COMPLETED"))
    assert (again.status_code, "already in the requested state" in again.headers["warning"]) == (200, True)
    assert send("PUT", "/1.9.1/state", change("CANCELED")).status_code == 409
    assert send("POST", f"/1.9.1?{LOCK}", high).status_code == 400
    assert send("POST", "/1.9.1/cancelrequest", {}).status_code == 409


def test_only_its_creator_changes_or_cancels_what_nobody_performs(ris, send, push, site):
    push("1.9.1")
    other, administrator = site.program(), site.program(Role.ADMINISTRATOR)
    low = {"00741200": element("CS", "LOW")}
    assert send("POST", "/1.9.1", low, other).status_code == 403
    assert send("POST", "/1.9.1/cancelrequest", {}, other).status_code == 403
    assert send("POST", "/1.9.1", low).status_code == 200
    assert send("POST", f"/1.9.1?{LOCK}", low).status_code == 400, "it has no Transaction UID"
    assert ris.post(f"{WORKITEMS}/1.9.1/cancelrequest").status_code == 202, "no data set is needed"
    assert state(ris, "1.9.1") == "CANCELED"
    again = send("POST", "/1.9.1/cancelrequest", {})
    assert (again.status_code, "already" in again.headers["warning"]) == (202, True)
    push("1.9.2")
    assert send("POST", "/1.9.2/cancelrequest", {}, administrator).status_code == 202


def test_the_node_performs_what_is_pushed_and_says_what_came_out(ris, push, perform, analyzed, site):
    analyzed("1.2.3", register_only=True)
    push("1.9.1", study="1.2.3", priority="HIGH")
    perform()
    assert state(ris, "1.9.1") == "IN PROGRESS"
    with site.worklist.database.read() as session:
        assert session.scalar(select(StudyRow.priority)) == 1, "its study is analyzed first"
    analyzed("1.2.3", registered=True)
    perform()
    assert state(ris, "1.9.1") == "IN PROGRESS", "the report is on its way"
    with site.worklist.database.write() as session:
        session.connection().exec_driver_sql("UPDATE delivery SET state = 'delivered'")
    perform()
    ds = shown(ris, "1.9.1")
    assert ds["00741000"]["Value"] == ["COMPLETED"]
    [performed] = ds["00741216"]["Value"]
    assert performed["00404019"]["Value"][0]["00080100"]["Value"] == ["110004"]
    assert "00081195" not in ds


def test_a_cancellation_of_what_the_node_performs_is_heeded_and_the_study_stays(ris, send, push, perform, analyzed):
    analyzed("1.2.3", register_only=True)
    push("1.9.1")
    perform()
    answer = send("POST", "/1.9.1/cancelrequest", {"00741238": element("LT", "Ordered twice")})
    assert (answer.status_code, state(ris, "1.9.1")) == (202, "IN PROGRESS")
    perform()
    ds = shown(ris, "1.9.1")
    assert ds["00741000"]["Value"] == ["CANCELED"]
    [told] = ds["00741002"]["Value"]
    assert told["00741238"]["Value"] == ["Its cancellation was requested. Ordered twice"]
    analyzed("1.2.3", registered=True)


def test_another_performer_may_have_it_and_is_not_disturbed(ris, send, push, perform, site):
    push("1.9.1")
    assert send("PUT", "/1.9.1/state", change("IN PROGRESS")).status_code == 200
    perform()
    assert site.worklist.performances.open("") == []
    assert state(ris, "1.9.1") == "IN PROGRESS"


def test_updates_do_not_let_a_workitem_grow_without_end(ris, send, push):
    push("1.9.1")
    answers = [send("POST", "/1.9.1", {f"0041{tag:04X}": element("LT", "x" * (20 << 10))}) for tag in range(8)]
    assert [one.status_code for one in answers] == [200] * 6 + [400] * 2
    assert send("POST", "/1.9.1", {"00741200": element("CS", "HIGH")}).status_code == 200


def test_of_what_has_ended_the_newest_are_kept(ris, push, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    for number in range(4):
        push(f"1.9.{number}")
        assert ris.post(f"{WORKITEMS}/1.9.{number}/cancelrequest").status_code == 202
    push("1.9.4")
    assert [ris.get(f"{WORKITEMS}/1.9.{number}").status_code for number in range(5)] == [404, 404, 200, 200, 200]


def test_what_has_ended_is_forgotten_after_two_days_and_what_waits_is_bounded(ris, send, push, clock, monkeypatch):
    push("1.9.1")
    assert ris.post(f"{WORKITEMS}/1.9.1/cancelrequest").status_code == 202
    clock.forward(module.KEPT_SECONDS - 1)
    push("1.9.2")
    assert state(ris, "1.9.1") == "CANCELED"
    clock.forward(2)
    monkeypatch.setattr(module, "MOST_OPEN", 2)
    push("1.9.3")
    assert ris.get(f"{WORKITEMS}/1.9.1").status_code == 404
    assert send("POST", "?1.9.4", new_workitem()).status_code == 503
