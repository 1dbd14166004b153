"""What becomes of a delivery whose destination shall commit itself: committed, sent again, dead."""

import pytest
from sqlalchemy import event

from triage_node.worklist.commitment.requests import ASK_AGAIN_SECONDS, MOST_TRIES

STORED = (("1.2.840.10008.5.1.4.1.1.88.33", "2.25.7"),)
DAY = 86400.0


@pytest.fixture
def deliver(worklist, analyze):
    """Deliver the report of a study, the first time and again."""

    def deliver():
        if worklist.study_details.is_empty():
            analyze("1.2.3")
        delivery = worklist.outbox.claim_next("A@h:1")
        worklist.outbox.delivered(delivery, "SR", STORED, DAY)

    return deliver


@pytest.fixture
def ask(worklist):
    def ask(uid):
        due = worklist.commitment_requests.due("A@h:1", 10)
        worklist.commitment_requests.requested(due, uid)
        return due

    return ask


def state(worklist) -> tuple[str, str]:
    [delivery] = worklist.study_details.study("1.2.3").deliveries
    return delivery.state, delivery.commitment


def codes(worklist) -> list[str]:
    return [event.code for event in worklist.study_details.study("1.2.3").events]


def test_what_is_committed_is_delivered_and_committed(worklist, deliver, ask):
    deliver()
    assert state(worklist) == ("delivered", "wanted")
    [one] = ask("1.1")
    assert one.references == list(STORED)
    assert state(worklist) == ("delivered", "requested")
    assert worklist.commitment_requests.due("A@h:1", 10) == []
    assert worklist.commitment_requests.answered("1.1", STORED, {})
    assert state(worklist) == ("delivered", "committed")
    assert "delivery_committed" in codes(worklist)
    assert not worklist.commitment_requests.answered("1.1", STORED, {}), "it was answered"


def test_a_delivery_that_nobody_wants_committed_is_not_asked_for(worklist, analyze):
    analyze("1.2.3")
    worklist.outbox.delivered(worklist.outbox.claim_next("A@h:1"), "SR", STORED)
    assert worklist.commitment_requests.due("A@h:1", 10) == []
    assert state(worklist) == ("delivered", "")


@pytest.mark.parametrize(
    ("committed", "failed", "why"),
    [((), {STORED[0]: 0x0112}, "it answers 0x0112"), ((), {}, "it does not name the report")],
)
def test_what_is_not_committed_is_sent_again_and_dead_in_the_end(worklist, deliver, ask, committed, failed, why):
    for attempt in range(1, MOST_TRIES + 1):
        deliver()
        ask(f"1.{attempt}")
        assert worklist.commitment_requests.answered(f"1.{attempt}", committed, failed)
        expected = "pending" if attempt < MOST_TRIES else "dead"
        assert state(worklist) == (expected, "")
    [delivery] = worklist.study_details.study("1.2.3").deliveries
    assert delivery.last_error == f"not committed: {why}"
    assert codes(worklist).count("delivery_not_committed") == MOST_TRIES - 1
    worklist.resending.resend("1.2.3", "someone")
    deliver()
    ask("2.1")
    assert worklist.commitment_requests.answered("2.1", committed, failed)
    assert state(worklist) == ("pending", ""), "who sends it again begins anew"


def test_one_of_two_objects_is_not_enough(worklist, analyze, ask):
    analyze("1.2.3")
    picture = ("1.2.840.10008.5.1.4.1.1.7", "2.25.8")
    worklist.outbox.delivered(worklist.outbox.claim_next("A@h:1"), "SR", [*STORED, picture], DAY)
    ask("1.1")
    worklist.commitment_requests.answered("1.1", STORED, {picture: 0x0110})
    assert state(worklist) == ("pending", "")


def test_who_does_not_answer_is_asked_again_then_sent_the_report_again(worklist, deliver, ask, clock):
    deliver()
    ask("1.1")
    clock.forward(ASK_AGAIN_SECONDS)
    assert len(ask("1.2")) == 1
    assert not worklist.commitment_requests.answered("1.1", STORED, {}), "that transaction is over"
    assert worklist.commitment_requests.expire("A@h:1") == 0
    clock.forward(DAY)
    assert worklist.commitment_requests.expire("A@h:1") == 1
    [delivery] = worklist.study_details.study("1.2.3").deliveries
    assert (delivery.state, delivery.last_error) == ("pending", "not committed: it has not answered in time")


def test_a_request_that_is_not_taken_is_made_again(worklist, deliver, ask, clock):
    deliver()
    due = ask("1.1")
    worklist.commitment_requests.not_requested(due, 5.0, "down")
    assert state(worklist) == ("delivered", "wanted")
    assert ask("1.2") == []
    clock.forward(5)
    assert ask("1.3") == due
    clock.forward(DAY)
    worklist.commitment_requests.expire("A@h:1")
    assert worklist.study_details.study("1.2.3").deliveries[0].last_error == "not committed: down"


def test_an_answer_to_a_request_that_seemed_lost_counts(worklist, deliver, ask):
    deliver()
    worklist.commitment_requests.not_requested(ask("1.1"), 5.0, "no answer")
    assert worklist.commitment_requests.answered("1.1", STORED, {})
    assert state(worklist) == ("delivered", "committed")


def test_the_few_that_are_awaited_are_found_by_an_index(worklist):
    """With a million deliveries, looking at each twice a second would keep a core busy."""
    if worklist.database.file is None:
        pytest.skip("SQLite's plan is looked at")
    queries = []
    event.listen(worklist.database.engine, "before_cursor_execute", lambda *what: queries.append(what[2:4]))
    worklist.commitment_requests.due("A@h:1", 10)
    worklist.commitment_requests.expire("A@h:1")
    worklist.commitment_requests.answered("1.1", STORED, {})
    wanted = [one for one in queries if "FROM delivery" in one[0]]
    assert len(wanted) == 3
    with worklist.database.engine.connect() as connection:
        for statement, parameters in wanted:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert "USING INDEX delivery_" in str(plan), plan
            assert "delivery_by_state" not in str(plan)
