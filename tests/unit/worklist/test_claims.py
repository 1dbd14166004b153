import threading
from dataclasses import replace

import pytest

from triage_node.database import StudyState
from triage_node.errors import IllegalMove, StudyNotFound
from triage_node.findings import Decision, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.worklist import Worklist
from triage_node.worklist.claim import MOST_INTERRUPTIONS

MODEL = ModelIdentity("net", "1", "ab")
UNSUITABLE = Outcome(Status.UNSUITABLE, MODEL, reasons=(Reason.of(ReasonCode.NOT_HEAD),))
FAILED = Outcome(Status.FAILED, MODEL, reasons=(Reason.of(ReasonCode.ANALYSIS_FAILED),))


@pytest.fixture
def ready(worklist, receive, clock) -> Worklist:
    receive(1, 2)
    clock.forward(21)
    worklist.study_completion.advance()
    return worklist


def study(worklist):
    return worklist.study_details.study("1.2.3")


def test_a_claim_is_handed_out_once(ready):
    assert ready.claims.claim("w1") is not None
    assert ready.claims.claim("w2") is None
    assert study(ready).state == StudyState.ANALYZING


def test_claims_race_and_none_is_handed_out_twice(worklist, receive, clock):
    for number in range(20):
        receive(1, 2, study=f"1.{number}", series=f"1.{number}.1")
    clock.forward(21)
    assert worklist.study_completion.advance() == 20
    got: list[str] = []

    def work(name: str) -> None:
        while claim := worklist.claims.claim(name):
            got.append(claim.study_instance_uid)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 20


def test_the_priority_that_came_with_a_study_is_first_then_arrival(worklist, receive, clock):
    for uid in ("1.1", "1.2", "1.3"):
        receive(1, 2, study=uid, series=f"{uid}.1", urgent=uid == "1.3")
        clock.forward(1)
    clock.forward(21)
    worklist.study_completion.advance()
    order = [worklist.claims.claim("w").study_instance_uid for _ in range(3)]
    assert order == ["1.3", "1.1", "1.2"]


def test_an_outcome_is_written_and_its_report_goes_to_every_destination(ready, flagged):
    claim = ready.claims.claim("w")
    assert ready.claims.finish(claim, flagged, ["A@h:1", "B@h:1"])
    found = study(ready)
    assert (found.state, found.decision) == (StudyState.ANALYZED, Decision.FLAGGED)
    assert found.flagged == ["subdural", "any"]
    assert [delivery.destination for delivery in found.deliveries] == ["A@h:1", "B@h:1"]


def test_the_same_report_is_not_sent_twice(ready, flagged):
    ready.claims.finish(ready.claims.claim("w"), flagged, ["A@h:1"])
    ready.reader_actions.requeue("1.2.3", "person")
    ready.claims.finish(ready.claims.claim("w"), flagged, ["A@h:1"])
    assert len(study(ready).deliveries) == 1


def test_images_of_the_analyzed_series_that_came_meanwhile_void_the_outcome(ready, receive, flagged):
    claim = ready.claims.claim("w")
    receive(3)
    assert not ready.claims.finish(claim, flagged, ["A@h:1"])
    found = study(ready)
    assert (found.state, found.deliveries) == (StudyState.RECEIVING, [])


def test_images_of_another_series_do_not_hold_back_a_finding(ready, receive, flagged):
    claim = ready.claims.claim("w")
    receive(1, series="1.2.3.2")
    assert ready.claims.finish(claim, flagged, ["A@h:1"])
    found = study(ready)
    assert (found.state, found.decision) == (StudyState.RECEIVING, Decision.FLAGGED)
    assert len(found.deliveries) == 1


def test_an_incomplete_study_is_not_called_unsuitable(ready, clock):
    claim = ready.claims.claim("w")
    assert not claim.closed
    assert not ready.claims.finish(claim, UNSUITABLE, [])
    assert study(ready).state == StudyState.RECEIVING
    assert ready.study_completion.advance() == 0, "the same quiet series must not be tried again and again"
    clock.forward(60)
    ready.study_completion.advance()
    claim = ready.claims.claim("w")
    assert ready.claims.finish(claim, UNSUITABLE, [])
    found = study(ready)
    assert found.state == StudyState.UNSUITABLE
    assert found.reasons[0].code == "not_head"


def test_a_study_found_complete_while_it_was_analyzed_is_not_forgotten(ready, clock):
    claim = ready.claims.claim("w")
    clock.forward(60)
    ready.study_completion.advance()
    assert not ready.claims.finish(claim, UNSUITABLE, [])
    again = ready.claims.claim("w")
    assert again is not None, "nothing else would ever wake it"
    assert again.closed
    assert ready.claims.finish(again, UNSUITABLE, [])
    assert study(ready).state == StudyState.UNSUITABLE


@pytest.mark.parametrize("number", [100, 9])
def test_late_images_of_a_study_found_complete_while_it_was_analyzed_are_not_forgotten(
    ready, receive, clock, flagged, number
):
    claim = ready.claims.claim("w")
    receive(number)
    clock.forward(60)
    ready.study_completion.advance()
    ready.claims.finish(claim, flagged, [])
    again = ready.claims.claim("w")
    assert again is not None
    assert ready.claims.finish(again, flagged, [])
    assert study(ready).state == StudyState.ANALYZED


def test_a_failure_is_tried_again_and_then_named(ready):
    assert not ready.claims.finish(ready.claims.claim("w"), FAILED, [])
    assert study(ready).state == StudyState.READY
    assert ready.claims.finish(ready.claims.claim("w"), FAILED, [])
    found = study(ready)
    assert found.state == StudyState.FAILED
    assert found.reasons[0].code == "analysis_failed"


def test_a_dead_workers_study_returns_to_the_queue_and_its_outcome_no_longer_counts(ready, clock, flagged):
    claim = ready.claims.claim("node:1")
    clock.forward(61)
    assert ready.claims.release_expired() == ["node:1"]
    again = ready.claims.claim("node:2")
    assert again is not None
    assert not ready.claims.finish(claim, flagged, [])
    assert ready.claims.finish(again, flagged, [])


def test_a_study_that_ends_every_worker_is_claimed_once_more_to_say_so(ready):
    for number in range(2):
        assert not ready.claims.claim(f"node:{number}").exhausted
        ready.claims.release_worker(f"node:{number}")
    last = ready.claims.claim("node:2")
    assert last.exhausted
    assert ready.claims.finish(
        last, replace(FAILED, folder="/results/1", report_sop_instance_uid="1.2.3"), ["PACS@h:1"]
    )
    found = study(ready)
    assert found.state == StudyState.FAILED
    assert [one.destination for one in found.deliveries] == ["PACS@h:1"]


def test_a_study_that_ends_even_the_worker_that_says_so_is_failed_without_a_report(ready):
    for number in range(3):
        ready.claims.claim(f"node:{number}")
        ready.claims.release_worker(f"node:{number}")
    assert study(ready).state == StudyState.FAILED
    assert ready.claims.claim("node:3") is None


def test_a_series_that_grows_during_every_analysis_is_not_given_up(ready, receive, clock, flagged):
    for number in range(100, 105):
        claim = ready.claims.claim("node:1")
        assert not claim.exhausted
        receive(number)
        assert not ready.claims.finish(claim, flagged, [])
        clock.forward(1000)
        ready.study_completion.advance()
    assert ready.claims.finish(ready.claims.claim("node:1"), flagged, [])


def test_a_study_that_was_judged_in_between_is_not_given_up(ready, clock):
    ready.claims.claim("node:0")
    ready.claims.release_worker("node:0")
    judged = ready.claims.claim("node:1")
    assert not judged.closed
    unsuitable = Outcome(Status.UNSUITABLE, FAILED.model, reasons=(Reason.of(ReasonCode.TOO_FEW_SLICES),))
    assert not ready.claims.finish(judged, unsuitable, [])
    clock.forward(1000)
    ready.study_completion.advance()
    assert not ready.claims.claim("node:1").exhausted


def test_a_renewed_lease_does_not_end(ready, clock):
    claim = ready.claims.claim("node:1")
    for _ in range(5):
        clock.forward(40)
        assert ready.claims.renew(claim)
        assert ready.claims.release_expired() == []


def test_a_node_takes_back_only_its_own(ready):
    ready.claims.claim("A@host:17")
    assert ready.claims.release_worker("A@host:1") == []
    assert ready.claims.release_node("A@hos") == []
    assert ready.claims.release_node("A@host") == ["A@host:17"]


def test_kills_and_stops_of_the_node_are_no_tries_of_the_study(ready, flagged):
    for number in range(MOST_INTERRUPTIONS - 1):
        assert not ready.claims.claim(f"A@host:{number}").exhausted
        ready.claims.release_node("A@host")
        assert not ready.claims.claim(f"A@host:{number}").exhausted
        ready.claims.give_back(f"A@host:{number}")
    assert study(ready).attempts == 0
    assert ready.claims.finish(ready.claims.claim("A@host:99"), flagged, [])
    assert study(ready).interruptions == 0


def test_tries_count_although_the_node_was_killed_between_them(ready):
    for number in range(2):
        assert not ready.claims.claim(f"A@host:{number}").exhausted
        ready.claims.release_worker(f"A@host:{number}")
        exhausted = ready.claims.claim("A@host:7").exhausted
        assert exhausted is (number == 1)
        ready.claims.release_node("A@host")
    assert ready.claims.claim("A@host:8").exhausted


def test_a_study_that_ends_the_whole_node_each_time_is_given_up(ready):
    for number in range(MOST_INTERRUPTIONS):
        claim = ready.claims.claim(f"A@host:{number}")
        assert (claim.exhausted, claim.interrupted) == (False, False)
        ready.claims.release_node("A@host")
    claim = ready.claims.claim("A@host:98")
    assert (claim.exhausted, claim.interrupted) == (True, True)
    ready.claims.release_node("A@host")
    assert study(ready).state == StudyState.FAILED


def test_a_lease_nobody_could_renew_while_the_database_refused_does_not_end(ready, clock):
    claim = ready.claims.claim("node:1")
    assert ready.claims.release_expired() == []
    clock.forward(300)  # no look, no renewal
    assert ready.claims.release_expired() == []
    assert ready.claims.renew(claim)
    clock.forward(14)
    assert ready.claims.release_expired() == []
    for _ in range(4):
        clock.forward(15)
        expired = ready.claims.release_expired()
    assert expired == ["node:1"]


def test_late_images_after_an_outcome_reopen_and_the_old_decision_stays(ready, receive, clock, flagged):
    ready.claims.finish(ready.claims.claim("w"), flagged, [])
    receive(9)
    found = study(ready)
    assert (found.state, found.decision) == (StudyState.RECEIVING, Decision.FLAGGED)
    clock.forward(21)
    ready.study_completion.advance()
    assert ready.claims.claim("w").predecessor_folder == "/results/1"


def test_requeue_needs_a_known_study_that_is_not_in_work(ready):
    with pytest.raises(StudyNotFound):
        ready.reader_actions.requeue("9.9", "person")
    ready.claims.claim("w")
    with pytest.raises(IllegalMove):
        ready.reader_actions.requeue("1.2.3", "person")
    assert study(ready).state == StudyState.ANALYZING
