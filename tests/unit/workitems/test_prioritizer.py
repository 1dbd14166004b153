"""The workitems of flagged studies become HIGH at a server: once, in order, and never lower."""

import pytest
from spools import fill
from sqlalchemy import select
from ups_manager import element, new_workitem
from web_peers import Answer

from triage_node.database import DeliveryState, PriorityChangeRow
from triage_node.findings import Decision
from triage_node.ingest import rebuild_worklist
from triage_node.storage import Spool
from triage_node.workitems import Performer
from triage_node.workitems import patience as patience_module

STUDY = "1.2.3"


@pytest.fixture
def worklist(make_settings, make_worklist, clock, manager, database_url):
    """A worklist whose settings have the server, as the process of the model has them, too."""
    servers = [{"url": manager.url, "name": "ris", "priorities": True}]
    times = {"series_quiet_seconds": 20, "study_quiet_seconds": 60, "study_maximum_seconds": 900}
    opened = make_worklist(make_settings(workitem_servers=servers, database_url=database_url, **times), clock)
    yield opened
    opened.close()


def told(worklist, study=STUDY) -> dict[str, str]:
    codes = ("priority_raised", "priority_kept", "priority_not_raised", "workitem_created")
    return {one.code: one.message for one in worklist.study_details.study(study).events if one.code in codes}


def states(worklist) -> list[str]:
    with worklist.database.read() as session:
        return list(session.scalars(select(PriorityChangeRow.state).order_by(PriorityChangeRow.id)))


def updates(manager) -> list[str]:
    return [path for method, path in manager.changes() if method == "POST"]


@pytest.mark.parametrize("priority", ["LOW", "MEDIUM", None])
def test_the_workitem_of_a_flagged_study_becomes_high(manager, prioritizer, worklist, analyze, priority):
    uid, other = manager.add(priority=priority), manager.add(study="1.2.4")
    analyze(STUDY)
    assert prioritizer().tell_next()
    assert (manager.value(uid, "ScheduledProcedureStepPriority"), manager.refusals[1:]) == ("HIGH", [])
    assert manager.value(other, "ScheduledProcedureStepPriority") == "MEDIUM"
    assert told(worklist) == {"priority_raised": f"ris: {uid} HIGH now"}
    assert not prioritizer().tell_next(), "once an outcome, also after a restart"
    assert updates(manager) == [f"/workitems/{uid}"]


@pytest.mark.parametrize("decision", [Decision.NOT_FLAGGED, Decision.UNCERTAIN, None])
def test_nothing_is_told_of_other_studies_so_nothing_is_lowered(manager, prioritizer, worklist, analyze, decision):
    manager.add(priority="HIGH")
    analyze(STUDY, decision)
    assert not prioritizer().tell_next()
    assert manager.requests == []


def test_what_is_high_or_begun_is_left_as_it_is(manager, prioritizer, worklist, analyze):
    manager.add(priority="HIGH")
    begun = manager.add()
    manager.claim(begun)
    analyze(STUDY)
    assert prioritizer().tell_next()
    assert manager.changes() == []
    assert "priority_kept" in told(worklist)


def test_a_workitem_that_is_begun_meanwhile_is_no_failure(manager, prioritizer, worklist, analyze):
    uid = manager.add()

    def begin(request) -> None:
        if request.method == "POST":
            manager.claim(uid)

    manager.before = begin
    analyze(STUDY)
    assert prioritizer().tell_next()
    assert "priority_kept" in told(worklist)


def test_a_workitem_without_a_study_is_found_by_accession_number_and_patient(manager, prioritizer, worklist, analyze):
    right = manager.add(new_workitem(study=None, accession="A1", patient_id="P1"))
    other_patient = manager.add(new_workitem(study=None, accession="A1", patient_id="P2"))
    analyze(STUDY, accession_number="A1", patient_id="P1")
    assert prioritizer().tell_next()
    assert manager.value(right, "ScheduledProcedureStepPriority") == "HIGH"
    assert manager.value(other_patient, "ScheduledProcedureStepPriority") == "MEDIUM"


def test_a_prior_study_among_the_input_raises_nothing(manager, prioritizer, worklist, analyze):
    manager.matched.add("InputInformationSequence.StudyInstanceUID")
    uid = manager.add(study="1.2.9", priors=(STUDY,))
    analyze(STUDY)
    prioritizer().tell_next()
    assert manager.value(uid, "ScheduledProcedureStepPriority") == "MEDIUM"


def test_only_workitems_of_the_procedure_that_is_set_are_raised(manager, prioritizer, worklist, analyze):
    reading, detection = manager.add(procedure="110005"), manager.add(procedure="110004")
    analyze(STUDY)
    prioritizer(reading="110005^DCM").tell_next()
    assert manager.value(reading, "ScheduledProcedureStepPriority") == "HIGH"
    assert manager.value(detection, "ScheduledProcedureStepPriority") == "MEDIUM"


def test_what_the_node_performs_itself_is_not_raised(manager, prioritizer, worklist, analyze):
    own = manager.add()
    worklist.performances.begin("ris", own, "1.2.3.4")
    analyze(STUDY)
    prioritizer().tell_next()
    assert manager.changes() == []


def test_a_study_without_a_workitem_gets_one_where_that_is_wanted_and_only_one(
    manager, prioritizer, worklist, analyze, receive, clock
):
    analyze(STUDY, accession_number="A1", patient_id="P1", patient_name="Doe^Jane")
    manager.after = lambda request, answer: Answer(503) if request.method == "POST" else answer
    assert not prioritizer(creates=True).tell_next()
    assert len(manager.items) == 1, "it was created, and its answer lost"
    manager.after = lambda _, answer: answer
    assert prioritizer(creates=True).tell_next()
    [uid] = manager.items
    assert manager.state(uid) == "SCHEDULED"
    assert manager.value(uid, "ScheduledProcedureStepPriority") == "HIGH"
    assert manager.items[uid]["00404018"]["Value"][0]["00080100"] == element("SH", "110005")
    assert manager.items[uid]["0040A370"]["Value"][0]["0020000D"] == element("UI", STUDY)
    assert states(worklist) == [DeliveryState.DELIVERED]


def test_a_workitem_that_comes_later_is_awaited_for_a_while(manager, prioritizer, worklist, analyze, clock):
    analyze(STUDY)
    telling = prioritizer(wait_minutes=1)
    assert telling.tell_next()
    assert not telling.tell_next()
    clock.forward(11)
    uid = manager.add()
    assert telling.tell_next()
    assert manager.value(uid, "ScheduledProcedureStepPriority") == "HIGH"


def test_a_clock_that_is_set_back_holds_up_nothing(manager, prioritizer, worklist, analyze, clock):
    analyze(STUDY)
    assert prioritizer().tell_next()
    clock.forward(-86_400)
    worklist.clock_change.follow(-86_400)
    clock.forward(11)
    manager.add()
    assert prioritizer().tell_next()
    assert states(worklist) == [DeliveryState.DELIVERED]


def test_without_any_it_is_said_and_left(manager, prioritizer, worklist, analyze, clock):
    analyze(STUDY)
    for _ in range(8):
        prioritizer(wait_minutes=1).tell_next()
        clock.forward(11)
    assert states(worklist) == [DeliveryState.DEAD]
    assert told(worklist) == {"priority_not_raised": "ris: it has no workitem of the study"}


def test_with_the_server_down_they_are_told_in_order_after_it_is_back(
    manager, prioritizer, worklist, analyze, steady, clock
):
    uids = {study: manager.add(study=study) for study in ("1.2.1", "1.2.2", "1.2.3")}
    manager.before = lambda _: Answer(503)
    for study in uids:
        analyze(study)
    telling = prioritizer()
    for _ in range(100):
        assert not telling.tell_next()
        steady.seconds += patience_module.LONGEST_PAUSE_SECONDS + 1
        clock.forward(3600)
    assert telling.state.answers is False
    manager.before = lambda _: None
    manager.requests.clear()
    telling = prioritizer()
    while telling.tell_next():
        pass
    assert updates(manager) == [f"/workitems/{uid}" for uid in uids.values()]


def test_a_later_revision_that_is_flagged_is_told_too_and_changes_nothing_twice(
    manager, prioritizer, worklist, analyze, receive, clock, flagged
):
    uid = manager.add()
    analyze(STUDY)
    prioritizer().tell_next()
    receive(3, study=STUDY, series=f"{STUDY}.1")
    clock.forward(61)
    worklist.study_completion.advance()
    claim = worklist.claims.claim("w")
    assert worklist.claims.finish(claim, flagged, [])
    assert prioritizer().tell_next()
    assert updates(manager) == [f"/workitems/{uid}"]
    assert states(worklist) == [DeliveryState.DELIVERED] * 2


def test_a_server_that_finds_by_nothing_is_not_asked_for_ever(manager, prioritizer, worklist, analyze, clock):
    manager.matched = set()
    analyze(STUDY)
    assert prioritizer().tell_next()
    assert states(worklist) == [DeliveryState.PENDING]
    for _ in range(10):
        clock.forward(86_400)
        with worklist.database.write() as session:
            session.scalar(select(PriorityChangeRow)).tried_seconds += 20_000
        prioritizer().tell_next()
    assert states(worklist) == [DeliveryState.DEAD]


def test_what_is_rebuilt_from_the_spool_is_not_told_anew(worklist, tmp_path):
    spool = Spool(tmp_path / "rebuilt")
    fill(spool, 6)
    rebuild_worklist(spool, worklist, [])
    assert "flagged" in {row.decision for row in worklist.study_details.worklist(1e12)}
    assert states(worklist) == []


def test_the_thread_tells_and_ends(manager, prioritizer, worklist, analyze, wait_for):
    uid = manager.add()
    analyze(STUDY)
    telling = prioritizer()
    telling.start()
    wait_for(lambda: manager.value(uid, "ScheduledProcedureStepPriority") == "HIGH", "the priority")
    telling.stop(5)


def test_performing_and_telling_do_not_meet(manager, performer, prioritizer, worklist, analyze):
    """One server for both: the node's own workitem is ended, the reading one raised."""
    own, reading = manager.add(), manager.add(station="READER", procedure="110005")
    asking: Performer = performer()
    asking.look()
    analyze(STUDY)
    prioritizer().tell_next()
    assert manager.state(own) == "IN PROGRESS"
    assert manager.value(own, "ScheduledProcedureStepPriority") == "MEDIUM"
    assert manager.value(reading, "ScheduledProcedureStepPriority") == "HIGH"
