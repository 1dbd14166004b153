"""Storage commitments that others asked of us: written down, handed out when they are due, forgotten when told."""

import pytest

from triage_node.errors import IllegalMove
from triage_node.worklist.commitment.transactions import HOLD_SECONDS

CT = "1.2.840.10008.5.1.4.1.1.2"
DAY = 86400.0
PAIRS = [(CT, "1.2.3.1"), (CT, "1.2.3.2")]


@pytest.fixture
def transactions(worklist):
    return worklist.commitment_transactions


def due(transactions) -> list[int]:
    return [one.id for one in transactions.due(10)]


def events(worklist, code: str) -> list[str]:
    return [event.message for event in worklist.study_details.events(code)]


def test_a_result_is_held_for_the_association_of_its_request(transactions, clock):
    number = transactions.open("1.1", "STORER", PAIRS)
    assert due(transactions) == []
    clock.forward(HOLD_SECONDS)
    [one] = transactions.due(10)
    assert (one.id, one.ae_title, one.references, one.failures) == (number, "STORER", PAIRS, None)


def test_after_a_restart_nothing_is_held(transactions):
    number = transactions.open("1.1", "STORER", PAIRS)
    transactions.recover()
    assert due(transactions) == [number]


def test_the_same_request_is_one_transaction_of_its_requestor(transactions):
    number = transactions.open("1.1", "STORER", PAIRS)
    assert transactions.open("1.1", "STORER", PAIRS) == number
    assert transactions.open("1.1", "OTHER", PAIRS[:1]) != number
    with pytest.raises(IllegalMove):
        transactions.open("1.1", "STORER", PAIRS[:1])


def test_a_result_stays_what_it_was_decided_to_be_until_it_is_told(transactions, worklist, receive):
    receive(1, series="1.2.3")
    number = transactions.open("1.1", "STORER", PAIRS)
    assert transactions.decided(number, {"1.2.3.2": 0x0112}, 0x0112) == {"1.2.3.2": 0x0112}
    assert transactions.find(number).failures == {"1.2.3.2": 0x0112}
    transactions.told(number)
    assert transactions.find(number) is None
    assert events(worklist, "commitment_told") == ["'STORER', transaction 1.1: 1 committed, 1 failed"]
    transactions.told(number)
    assert len(events(worklist, "commitment_told")) == 1


def test_what_is_deleted_between_the_look_and_the_decision_is_not_committed(transactions, receive):
    receive(1, series="1.2.3")
    number = transactions.open("1.1", "STORER", PAIRS)
    assert transactions.decided(number, {}, 0x0112) == {"1.2.3.2": 0x0112}
    assert transactions.find(number).failures == {"1.2.3.2": 0x0112}


def test_what_could_not_be_told_is_owed_to_its_requestor_only(transactions, clock):
    number = transactions.open("1.1", "STORER", PAIRS)
    assert transactions.owed("STORER", 10) == [], "it is held"
    transactions.not_told(number, 600.0, DAY, "nobody answers")
    assert transactions.owed("OTHER", 10) == []
    assert transactions.owed("STORER", 10) == [number]
    clock.forward(HOLD_SECONDS - 1)
    assert due(transactions) == []


def test_what_is_too_old_is_given_up_and_says_why(transactions, worklist, clock):
    number = transactions.open("1.1", "STORER", PAIRS)
    transactions.not_told(number, 5.0, DAY, "nobody answers")
    clock.forward(DAY)
    transactions.not_told(number, 5.0, DAY, "nobody answers")
    assert transactions.find(number) is None
    assert events(worklist, "commitment_given_up") == [
        "'STORER', transaction 1.1: 2 instances, tried 2 times: nobody answers"
    ]


def test_who_cannot_be_reached_holds_up_nobody_else(transactions, worklist, clock):
    silent = [transactions.open(f"1.{number}", "SILENT", PAIRS) for number in range(3)]
    other = transactions.open("1.1", "STORER", PAIRS)
    transactions.recover()
    transactions.not_reached("SILENT", 60.0, DAY, "nobody answers")
    assert due(transactions) == [other]
    assert {transactions.find(one).attempts for one in silent} == {1}
    clock.forward(DAY)
    transactions.not_reached("SILENT", 60.0, DAY, "nobody answers")
    assert due(transactions) == [other]
    assert len(events(worklist, "commitment_given_up")) == 3


def test_instances_are_found_by_their_own_uid(worklist, receive):
    receive(1, 2)
    receive(1, study="1.2.4", series="1.2.3.1")
    found = worklist.kept_instances.find({"1.2.3.1.1", "1.2.3.1.2", "1.9"})
    assert {one.study_instance_uid for one in found["1.2.3.1.1"]} == {"1.2.3", "1.2.4"}
    assert [one.sop_class_uid for one in found["1.2.3.1.2"]] == [CT]
    assert "1.9" not in found
