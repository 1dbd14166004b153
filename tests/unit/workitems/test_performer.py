"""Workitems of a server, claimed, performed and ended; also when others want them, or somebody is cut off."""

import threading

import pytest
from sqlalchemy import select, update
from ups_manager import TAGS, UpsManager, new_workitem
from web_peers import Answer

from triage_node.database import DeliveryRow, InstanceRow, SeriesRow, StudyRow
from triage_node.endpoints import Destination, QuerySource
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.workitems import performer as module

STUDY = "1.2.3"


def events(worklist, study=STUDY) -> list[str]:
    return [one.code for one in worklist.study_details.study(study).events if one.code.startswith("workitem")]


def test_a_study_that_is_here_is_followed_to_its_end(manager, performer, worklist, receive, analyze, clock):
    receive(1, 2)
    uid = manager.add()
    performer().look()
    assert (manager.state(uid), manager.progress[uid]) == ("IN PROGRESS", ["images are being received"])
    analyze(STUDY)
    performer().look()
    assert manager.state(uid) == "IN PROGRESS", "its report is on its way"
    assert manager.progress[uid][-1] == "the report is on its way"
    with worklist.database.write() as session:
        session.execute(update(DeliveryRow).values(state="delivered"))
    performer().look()
    assert manager.state(uid) == "COMPLETED"
    assert manager.progress[uid][-1] == "flagged: subdural, any"
    assert manager.refusals == []
    assert events(worklist) == ["workitem_completed"]
    before = list(manager.requests)
    performer().look()
    assert manager.requests[len(before) :] == [("GET", "/workitems")], "what has ended is left alone"


def test_what_came_out_names_the_report_and_who_has_it(manager, performer, worklist, analyze, clock):
    analyze(STUDY)
    pacs = Destination.parse("PACS@10.0.0.9:104")
    archive = Destination(url="https://archive.example/dicomweb/studies", name="archive")
    with worklist.database.write() as session:
        study = session.scalar(select(StudyRow))
        series = SeriesRow(study_id=study.id, series_instance_uid="1.5", last_received_at=0.0, is_result=True)
        session.add(series)
        session.flush()
        uids = {"sop_instance_uid": "2.25.123", "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.34"}
        more = {"transfer_syntax_uid": "1.2.840.10008.1.2.1", "size_bytes": 1, "received_at": 0.0, "result_file": "r"}
        session.add(InstanceRow(study_id=study.id, series_id=series.id, **uids, **more))
        [first] = session.scalars(select(DeliveryRow)).all()
        copied = {"study_id": study.id, "outcome_id": first.outcome_id, "sop_instance_uid": "2.25.123", "folder": "x"}
        session.add(DeliveryRow(destination="archive", created_at=0, next_attempt_at=0, state="delivered", **copied))
        first.destination, first.state = pacs.name, "delivered"
    uid = manager.add()
    performer(destinations=[pacs, archive]).look()
    assert manager.state(uid) == "COMPLETED"
    performed = manager.value(uid, "Performed")
    [output] = performed["00404033"]["Value"]
    assert output["0020000D"]["Value"] == [STUDY]
    assert output["0020000E"]["Value"] == ["1.5"]
    assert output["00081199"]["Value"][0]["00081155"]["Value"] == ["2.25.123"]
    assert output["0040E021"]["Value"] == [{"00080054": {"vr": "AE", "Value": ["PACS"]}}]
    address = f"{archive.url}/{STUDY}/series/1.5"
    assert output["0040E025"]["Value"] == [{"00081190": {"vr": "UR", "Value": [address]}}]
    assert performed["00404028"]["Value"][0]["00080100"]["Value"] == ["TRIAGE"]


@pytest.fixture
def not_analyzed(worklist, receive, clock, flagged):
    def not_analyzed(status, code) -> None:
        receive(1)
        for _ in range(2 if status is Status.FAILED else 1):
            clock.forward(61)
            worklist.study_completion.advance()
            outcome = Outcome(status, flagged.model, reasons=(Reason.of(code),))
            worklist.claims.finish(worklist.claims.claim("w"), outcome, [])

    return not_analyzed


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(Status.UNSUITABLE, ReasonCode.NOT_HEAD, "110513"), (Status.FAILED, ReasonCode.ANALYSIS_FAILED, "110501")],
)
def test_a_study_without_an_answer_is_canceled_and_says_why(manager, performer, not_analyzed, status, code, reason):
    not_analyzed(status, code)
    uid = manager.add()
    performer().look()
    assert manager.state(uid) == "CANCELED"
    told = manager.value(uid, "ProgressInformation")
    assert told[TAGS["ReasonForCancellation"]]["Value"] == [f"Not analyzed. {Reason.of(code).message}"]
    assert told[TAGS["DiscontinuationReason"]]["Value"][0]["00080100"]["Value"] == [reason]
    assert manager.refusals == []


def test_odd_uids_hold_up_no_other_workitem(manager, performer, receive, worklist):
    receive(1)
    manager.items["1." * 60 + "1"] = new_workitem() | {"00080018": {"vr": "UI", "Value": ["1." * 60 + "1"]}}
    odd = manager.add(study="1." * 60 + "1")
    uid = manager.add()
    performer().look()
    assert (manager.state(odd), manager.state(uid)) == ("CANCELED", "IN PROGRESS")


def test_only_what_is_scheduled_for_the_node_is_claimed(manager, performer, receive):
    receive(1)
    mine = manager.add()
    others = [
        manager.add(station="OTHER"),
        manager.add(procedure="110005"),
        manager.add(readiness="UNAVAILABLE"),
    ]
    manager.claim(taken := manager.add())
    for searches in (True, False):
        if not searches:
            manager.matched = {"ProcedureStepState"}
        performer(procedure="110004^DCM").look()
        assert manager.state(mine) == "IN PROGRESS"
        assert {manager.state(uid) for uid in others} == {"SCHEDULED"}
    assert manager.owners[taken] == "1.7.7"


def test_high_comes_first_and_has_its_study_analyzed_first(manager, performer, worklist, receive):
    receive(1)
    manager.add()
    urgent = manager.add(priority="HIGH")
    performer().look()
    claims = [path for method, path in manager.requests if method == "PUT"]
    assert claims[0] == f"/workitems/{urgent}/state"
    with worklist.database.read() as session:
        assert session.scalar(select(StudyRow.priority)) == 1
    assert "expedited" in [one.code for one in worklist.study_details.study(STUDY).events]


def test_of_two_claimers_one_performs(manager, performer, worklist, receive, clock):
    receive(1)
    uid = manager.add()

    def claimed_meanwhile(request) -> None:
        if request.method == "PUT" and uid not in manager.owners:
            manager.claim(uid)

    manager.before = claimed_meanwhile
    performer().look()
    assert manager.owners[uid] == "1.7.7"
    assert [why for *_, why in manager.refusals] == ["IN PROGRESS cannot become IN PROGRESS"]
    performer().look()
    assert len(manager.changes()) == 1, "what is lost is left alone"
    assert events(worklist) == []


def test_a_claim_whose_answer_was_lost_is_known_by_its_transaction_uid(manager, performer, receive, worklist, clock):
    receive(1)
    uid = manager.add()
    manager.after = lambda request, answer: Answer(503) if request.method == "PUT" else answer
    performer().look()
    first = manager.owners[uid]
    assert manager.state(uid) == "IN PROGRESS"
    manager.after = lambda _, answer: answer
    performer().look()
    assert [one.step for one in worklist.performances.open("ris")] == ["performing"]
    assert manager.owners[uid] == first
    assert manager.progress[uid] == ["claimed", "images are being received"]


def test_a_claim_that_did_not_arrive_is_made_again_and_lost_to_another(manager, performer, receive, worklist):
    receive(1)
    uid = manager.add()
    manager.before = lambda request: Answer(503) if request.method == "PUT" else None
    performer().look()
    [waiting] = worklist.performances.open("ris")
    assert waiting.step == "claiming"
    manager.before = lambda _: None
    manager.claim(uid)
    performer().look()
    assert worklist.performances.open("ris") == []
    assert worklist.performances.get("ris", uid).step == "lost"
    assert manager.owners[uid] == "1.7.7"


def test_an_end_whose_answer_was_lost_is_not_told_twice(manager, performer, not_analyzed, worklist):
    not_analyzed(Status.UNSUITABLE, ReasonCode.NOT_HEAD)
    uid = manager.add()

    def lose_the_end(request, answer) -> Answer:
        return Answer(503) if request.method == "PUT" and b"CANCELED" in request.body else answer

    manager.after = lose_the_end
    performer().look()
    assert [one.step for one in worklist.performances.open("ris")] == ["canceling"]
    manager.after = lambda _, answer: answer
    performer().look()
    assert worklist.performances.get("ris", uid).step == "canceled"
    assert manager.state(uid) == "CANCELED"


def test_a_server_that_takes_no_updates_gets_the_end_and_its_event_says_so(
    manager, performer, not_analyzed, worklist, monkeypatch
):
    not_analyzed(Status.UNSUITABLE, ReasonCode.NOT_HEAD)
    uid = manager.add()
    monkeypatch.setattr(manager, "_lacking", lambda *_: set())
    manager.before = lambda request: Answer(409) if request.method == "POST" else None
    performer().look()
    assert manager.state(uid) == "CANCELED"
    [event] = [one for one in worklist.study_details.study(STUDY).events if one.code == "workitem_canceled"]
    assert "what came of it was not taken: ris answered 409" in event.message


def test_a_server_that_is_down_is_called_ever_more_rarely(manager, performer, receive, steady, caplog):
    receive(1)
    uid = manager.add()
    manager.before = lambda _: Answer(503)
    asking = performer()
    for _ in range(5):
        asking.look()
    assert (asking.state.answers, len(manager.requests)) == (False, 1)
    for _ in range(4):
        steady.seconds += 61
        asking.look()
    assert len(manager.requests) == 5
    assert caplog.text.count("workitem_server_down") == 1
    manager.before = lambda _: None
    steady.seconds += 61
    asking.look()
    assert (asking.state.answers, manager.state(uid)) == (True, "IN PROGRESS")


def test_a_workitem_that_ends_without_the_node_is_let_go(manager, performer, worklist, receive):
    receive(1)
    uid, gone = manager.add(), manager.add()
    performer().look()
    manager.put(uid, "ProcedureStepState", "CANCELED")
    del manager.items[gone]
    changes = manager.changes()
    performer().look()
    assert worklist.performances.open("ris") == []
    assert manager.changes() == changes
    assert events(worklist) == ["workitem_dropped", "workitem_dropped"]


def test_a_workitem_that_names_no_study_or_several_is_canceled(manager, performer):
    uids = [manager.add(study=None), manager.add(new_workitem(study=None, priors=("1.5", "1.6")))]
    performer().look()
    assert {manager.state(uid) for uid in uids} == {"CANCELED"}
    assert manager.refusals == []


def test_the_requested_study_counts_and_not_its_priors(manager, performer, worklist, receive):
    receive(1)
    manager.add(priors=("1.5", "1.6"))
    performer().look()
    assert [one.study_instance_uid for one in worklist.performances.open("ris")] == [STUDY]


def test_a_study_that_does_not_come_is_canceled_after_its_time(manager, performer, steady, worklist):
    uid = manager.add()
    asking = performer(wait_minutes=1)
    asking.look()
    assert (manager.state(uid), manager.progress[uid]) == ("IN PROGRESS", ["waiting for its images"])
    for _ in range(5):
        steady.seconds += 10
        asking.look()
    assert manager.state(uid) == "IN PROGRESS"
    asking = performer(wait_minutes=1)
    for _ in range(2):
        steady.seconds += 10
        asking.look()
    assert manager.state(uid) == "CANCELED", "also when the node was started again meanwhile"
    told = manager.value(uid, "ProgressInformation")
    assert "did not come within 1 min" in told[TAGS["ReasonForCancellation"]]["Value"][0]
    assert told[TAGS["DiscontinuationReason"]]["Value"][0]["00080100"]["Value"] == ["110523"]


def test_a_study_is_retrieved_from_the_server_that_its_workitem_names(manager, performer, worklist, images, wait_for):
    study = str(images[0].StudyInstanceUID)
    manager.images = list(images)
    url = f"{manager.studies_url}/{study}/series/{images[0].SeriesInstanceUID}"
    uid = manager.add(study=study, retrieve_url=url, priority="HIGH")
    performer().look()
    received = {str(ds.SOPInstanceUID) for ds in images}
    wait_for(lambda: worklist.announcements.received(study).sop_instance_uids == received, "the images")
    performer().look()
    assert manager.progress[uid] == ["waiting for its images", "images are being received"]
    with worklist.database.read() as session:
        assert session.scalar(select(StudyRow.priority)) == 1, "what is HIGH is analyzed first"


def test_an_unsuitable_study_may_only_lack_its_images(
    manager, performer, worklist, images, receive, clock, wait_for, flagged
):
    study = str(images[0].StudyInstanceUID)
    receive(1, study=study, series="1.2.9", eligible=False, modality="SR")
    clock.forward(61)
    worklist.study_completion.advance()
    unsuitable = Outcome(Status.UNSUITABLE, flagged.model, reasons=(Reason.of(ReasonCode.NOT_HEAD),))
    worklist.claims.finish(worklist.claims.claim("w"), unsuitable, [])
    assert worklist.study_details.study(study).state == "unsuitable"
    manager.images = list(images)
    uid = manager.add(study=study, retrieve_url=f"{manager.studies_url}/{study}")
    performer().look()
    sent = {str(ds.SOPInstanceUID) for ds in images}
    wait_for(lambda: sent <= worklist.announcements.received(study).sop_instance_uids, "the images")
    assert worklist.study_details.study(study).state == "receiving"
    performer().look()
    assert (manager.state(uid), manager.progress[uid][-1]) == ("IN PROGRESS", "images are being received")
    clock.forward(61)
    worklist.study_completion.advance()
    worklist.claims.finish(worklist.claims.claim("w"), unsuitable, [])
    performer().look()
    assert manager.state(uid) == "CANCELED", "all images are here"


def test_a_study_is_retrieved_from_a_query_source_and_no_other_address_is_called(
    manager, performer, worklist, images, wait_for
):
    elsewhere = UpsManager()
    try:
        study = str(images[0].StudyInstanceUID)
        elsewhere.images = list(images)
        manager.add(study=study, retrieve_url=f"{elsewhere.studies_url}/{study}")
        performer().look()
        assert elsewhere.requests == [], "an address that a workitem names is called on its own server only"
        source = QuerySource(url=elsewhere.studies_url, name="archive")
        performer(sources=[source]).look()
        received = {str(ds.SOPInstanceUID) for ds in images}
        wait_for(lambda: worklist.announcements.received(study).sop_instance_uids == received, "the images")
    finally:
        elsewhere.stop()


def test_one_workitem_that_is_always_refused_holds_up_no_other(manager, performer, worklist, receive, caplog):
    receive(1)
    bad, good = manager.add(), manager.add()
    manager.before = lambda request: Answer(500) if f"/{bad}" in request.path else None
    for _ in range(module.MOST_TRIES):
        performer().look()
    assert manager.state(good) == "IN PROGRESS"
    assert worklist.performances.get("ris", bad).step == "dropped"
    assert caplog.text.count("workitem_given_up") == 1


def test_no_more_are_claimed_than_the_node_works_on(manager, performer, receive):
    receive(1)
    uids = [manager.add() for _ in range(module.MOST_AT_ONCE + 3)]
    performer().look()
    performer().look()
    states = [manager.state(uid) for uid in uids]
    assert (states.count("IN PROGRESS"), states.count("SCHEDULED")) == (module.MOST_AT_ONCE, 3)


def test_the_thread_asks_and_ends(manager, performer, receive, wait_for):
    receive(1)
    uid = manager.add()
    asking = performer()
    asking.start()
    wait_for(lambda: manager.state(uid) == "IN PROGRESS", "the claim")
    asking.stop(5)
    assert not any(thread.name == "performer-ris" for thread in threading.enumerate())
