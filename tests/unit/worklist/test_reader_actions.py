import pytest

from triage_node.database import DeliveryState, StudyState
from triage_node.errors import IllegalMove, InvalidInput, StudyNotFound
from triage_node.findings import Decision, ModelIdentity
from triage_node.outcome import Outcome, Status


def open_uids(worklist):
    return [study.study_instance_uid for study in worklist.study_lists.open_studies().studies]


def last_event(worklist, uid="1.2.3"):
    event = worklist.study_details.study(uid).events[-1]
    return event.code, event.actor


def test_an_acknowledged_study_leaves_the_list_and_comes_back(worklist, analyze, clock):
    analyze("1.2.3")
    clock.forward(30)
    worklist.reader_actions.acknowledge("1.2.3", "anna")
    assert open_uids(worklist) == []
    assert last_event(worklist) == ("acknowledged", "anna")
    clock.forward(1000)
    study = worklist.study_details.study("1.2.3")
    assert (study.acknowledged_by, study.waiting_seconds) == ("anna", 91.0)
    with pytest.raises(IllegalMove, match="anna"):
        worklist.reader_actions.acknowledge("1.2.3", "bo")
    worklist.reader_actions.unacknowledge("1.2.3", "bo")
    assert open_uids(worklist) == ["1.2.3"]
    assert last_event(worklist) == ("unacknowledged", "bo")
    with pytest.raises(IllegalMove):
        worklist.reader_actions.unacknowledge("1.2.3", "bo")


def test_a_higher_finding_lifts_the_acknowledgement(worklist, analyze, clock):
    analyze("1.2.3", Decision.NOT_FLAGGED)
    worklist.reader_actions.acknowledge("1.2.3", "anna")
    worklist.reader_actions.requeue("1.2.3", "bo")
    clock.forward(1)
    claim = worklist.claims.claim("w")
    worklist.claims.finish(claim, Outcome(Status.ANALYZED, ModelIdentity("n", "2", "s"), decision=Decision.FLAGGED), [])
    assert open_uids(worklist) == ["1.2.3"]
    assert "acknowledgement_lifted" in [event.code for event in worklist.study_details.study("1.2.3").events]


def test_comments_are_kept_and_not_repeated_in_the_event(worklist, analyze):
    analyze("1.2.3")
    worklist.reader_actions.comment("1.2.3", "  Called the ER about Jane.  ", "anna")
    study = worklist.study_details.study("1.2.3")
    [comment] = study.comments
    assert (comment.actor, comment.text) == ("anna", "Called the ER about Jane.")
    assert last_event(worklist) == ("commented", "anna")
    assert "Jane" not in str(study.events)
    for wrong in ("", "   ", "x" * 2001):
        with pytest.raises(InvalidInput):
            worklist.reader_actions.comment("1.2.3", wrong, "anna")


@pytest.mark.parametrize(
    ("decision", "agrees", "types", "present", "stored_types"),
    [
        (Decision.FLAGGED, True, [], True, ["subdural"]),
        (Decision.FLAGGED, True, ["epidural"], True, ["epidural"]),
        (Decision.FLAGGED, False, [], False, []),
        (Decision.FLAGGED, False, ["epidural"], True, ["epidural"]),
        (Decision.UNCERTAIN, True, [], True, []),
        (Decision.UNCERTAIN, False, [], False, []),
        (Decision.NOT_FLAGGED, True, [], False, []),
        (Decision.NOT_FLAGGED, False, [], True, []),
        (Decision.NOT_FLAGGED, False, ["subdural"], True, ["subdural"]),
    ],
)
def test_a_verdict_says_what_was_there(worklist, analyze, decision, agrees, types, present, stored_types):
    analyze("1.2.3", decision)
    worklist.reader_actions.give_verdict("1.2.3", agrees, types, "anna")
    [outcome] = worklist.study_details.study("1.2.3").outcomes
    verdict = outcome.verdict
    assert (verdict.agrees, verdict.present, verdict.types) == (agrees, present, stored_types)
    assert worklist.study_lists.studies().studies[0].verdict == verdict
    assert last_event(worklist) == ("judged", "anna")


def test_verdicts_that_make_no_sense(worklist, analyze, receive):
    analyze("1.2.3", Decision.NOT_FLAGGED)
    receive(1, study="9.9", series="9.9.1", eligible=False)
    with pytest.raises(IllegalMove, match="no analysis"):
        worklist.reader_actions.give_verdict("9.9", True, [], "anna")
    with pytest.raises(InvalidInput):
        worklist.reader_actions.give_verdict("1.2.3", True, ["subdural"], "anna")
    with pytest.raises(InvalidInput, match="any"):
        worklist.reader_actions.give_verdict("1.2.3", False, ["any"], "anna")


def test_a_delivery_is_sent_again_the_same_report(worklist, analyze):
    analyze("1.2.3")
    with pytest.raises(IllegalMove):
        worklist.resending.resend_one("1.2.3", "A@h:1", "2.25.123", "anna")
    first = worklist.outbox.claim_next("A@h:1")
    with pytest.raises(IllegalMove):
        worklist.resending.resend_one("1.2.3", "A@h:1", "2.25.123", "anna")
    worklist.outbox.delivered(first, "stored")
    worklist.resending.resend_one("1.2.3", "A@h:1", "2.25.123", "anna")
    assert last_event(worklist) == ("resend", "anna")
    again = worklist.outbox.claim_next("A@h:1")
    assert (again.id, again.folder, again.sop_instance_uid) == (first.id, first.folder, first.sop_instance_uid)
    worklist.outbox.mark_dead(again, "refused")
    worklist.resending.resend_one("1.2.3", "A@h:1", "2.25.123", "anna")
    [delivery] = worklist.study_details.study("1.2.3").deliveries
    assert (delivery.state, delivery.last_error) == (DeliveryState.PENDING, "")
    with pytest.raises(InvalidInput):
        worklist.resending.resend_one("1.2.3", "B@h:1", "2.25.123", "anna")


@pytest.mark.parametrize(
    "act",
    [
        lambda actions: actions.acknowledge("9", "a"),
        lambda actions: actions.unacknowledge("9", "a"),
        lambda actions: actions.comment("9", "x", "a"),
        lambda actions: actions.give_verdict("9", True, [], "a"),
    ],
)
def test_nothing_can_be_done_to_a_study_that_is_not_there(worklist, act):
    with pytest.raises(StudyNotFound):
        act(worklist.reader_actions)


def test_of_a_study_that_is_not_there_nothing_is_sent_again(worklist):
    with pytest.raises(StudyNotFound):
        worklist.resending.resend("9", "anna")
    with pytest.raises(StudyNotFound):
        worklist.resending.resend_one("9", "A@h:1", "2.25.1", "anna")


def test_what_a_person_does_moves_no_state(worklist, analyze):
    analyze("1.2.3")
    worklist.reader_actions.acknowledge("1.2.3", "a")
    worklist.reader_actions.comment("1.2.3", "x", "a")
    worklist.reader_actions.give_verdict("1.2.3", True, [], "a")
    assert worklist.study_details.study("1.2.3").state == StudyState.ANALYZED
