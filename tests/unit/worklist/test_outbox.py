from dataclasses import replace

import pytest

from triage_node.database import DeliveryState
from triage_node.worklist.outbox.outbox import PATIENCE, PATIENCE_WHEN_DOWN


@pytest.fixture
def outbox(worklist, receive, clock, flagged):
    receive(1, 2)
    clock.forward(21)
    worklist.study_completion.advance()
    worklist.claims.finish(worklist.claims.claim("w"), flagged, ["A@h:1", "B@h:1"])
    return worklist.outbox


def states(worklist):
    return [delivery.state for delivery in worklist.study_details.study("1.2.3").deliveries]


def test_a_delivery_is_handed_out_once_and_to_its_destination_only(worklist, outbox):
    delivery = outbox.claim_next("A@h:1")
    assert (delivery.destination, delivery.attempts) == ("A@h:1", 1)
    assert outbox.claim_next("A@h:1") is None
    outbox.delivered(delivery, "stored")
    assert states(worklist) == [DeliveryState.DELIVERED, DeliveryState.PENDING]


def test_a_postponed_delivery_waits(outbox, clock):
    outbox.retry(outbox.claim_next("A@h:1"), 30, "down")
    assert outbox.claim_next("A@h:1") is None
    clock.forward(31)
    assert outbox.claim_next("A@h:1").attempts == 2


def test_what_was_being_sent_at_a_crash_is_sent_again(outbox):
    outbox.claim_next("A@h:1")
    assert outbox.recover() == 1
    assert outbox.claim_next("A@h:1") is not None


def test_a_dead_delivery_comes_back_on_a_persons_word_only(worklist, outbox):
    outbox.mark_dead(outbox.claim_next("A@h:1"), "refused")
    assert outbox.claim_next("A@h:1") is None
    assert worklist.study_details.dead_deliveries() == 1
    assert worklist.resending.resend("1.2.3", "person") == 1
    assert outbox.claim_next("A@h:1") is not None


def test_a_delivery_that_nobody_sends_any_more_returns_to_the_queue(outbox, clock):
    delivery = outbox.claim_next("A@h:1")
    for _ in range(12):
        assert outbox.release_expired() == 0
        clock.forward(10)
        assert outbox.renew(delivery)
    for _ in range(4):
        clock.forward(15)
        assert outbox.release_expired() == 0
    clock.forward(1)
    assert outbox.release_expired() == 1
    assert not outbox.renew(delivery)
    assert outbox.claim_next("A@h:1").attempts == 2


def test_what_comes_of_a_delivery_late_is_not_lost_and_undoes_nothing(worklist, outbox, clock):
    late = outbox.claim_next("A@h:1")
    outbox.release_expired()
    clock.forward(61)
    assert [outbox.release_expired() for _ in range(6) if clock.forward(15) is None].count(1) == 1
    again = outbox.claim_next("A@h:1")
    outbox.mark_dead(late, "refused")
    outbox.retry(late, 5, "down")
    assert states(worklist)[0] == DeliveryState.SENDING, "another has it now"
    outbox.delivered(late, "stored")
    outbox.mark_dead(again, "refused")
    outbox.delivered(again, "stored")
    assert states(worklist)[0] == DeliveryState.DELIVERED
    codes = [event.code for event in worklist.study_details.study("1.2.3").events]
    assert codes.count("delivered") == 1


def test_tries_that_failed_are_one_event(worklist, outbox, clock):
    for _ in range(28):
        outbox.retry(outbox.claim_next("A@h:1"), 24, "it is down", tried_seconds=24)
        clock.forward(25)
    [event] = [one for one in worklist.study_details.study("1.2.3").events if one.code == "delivery_postponed"]
    assert event.message.startswith("A@h:1: tried 28 times, last 20")
    assert event.message.endswith("next in 24 s: it is down")
    outbox.delivered(outbox.claim_next("A@h:1"), "stored")
    worklist.resending.resend_one("1.2.3", "A@h:1", "2.25.1", "person")
    outbox.retry(outbox.claim_next("A@h:1"), 5, "down again")
    messages = [one.message for one in worklist.study_details.study("1.2.3").events if "tried" in one.message]
    assert len(messages) == 2
    assert "tried once" in messages[1]


@pytest.fixture
def revised(outbox, worklist, receive, clock, flagged):
    """A second report of the study, and one of another study."""
    receive(9)
    clock.forward(61)
    worklist.study_completion.advance()
    worklist.claims.finish(worklist.claims.claim("w"), replace(flagged, report_sop_instance_uid="2.25.2"), ["A@h:1"])
    clock.forward(1)
    receive(1, study="1.9", series="1.9.1")
    clock.forward(61)
    worklist.study_completion.advance()
    other = replace(flagged, series_instance_uid="1.9.1", report_sop_instance_uid="2.25.9")
    worklist.claims.finish(worklist.claims.claim("w"), other, ["A@h:1"])
    return outbox


def sent(outbox, **how):
    delivery = outbox.claim_next("A@h:1", **how)
    return delivery and delivery.sop_instance_uid


def test_reports_of_a_study_go_in_their_order_and_do_not_hold_up_another_study(revised):
    first = revised.claim_next("A@h:1")
    revised.retry(first, 30, "busy")
    assert sent(revised) == "2.25.9"
    assert sent(revised) is None, "the second waits for the first"


def test_a_report_does_not_wait_for_ever_for_an_earlier_one(revised, clock):
    assert sent(revised) == "2.25.1"
    revised.recover()
    for _ in range(PATIENCE - 1):
        revised.retry(revised.claim_next("A@h:1"), 0, "busy")
    assert {sent(revised), sent(revised), sent(revised)} == {"2.25.1", "2.25.2", "2.25.9"}


def test_probes_take_turns_among_studies_and_not_within_one(revised, clock):
    taken = []
    for _ in range(10):
        delivery = revised.claim_next("A@h:1", is_probe=True)
        taken.append(delivery.sop_instance_uid)
        revised.retry(delivery, 600, "down")
        clock.forward(1)
    assert taken == ["2.25.1", "2.25.9"] * 5
    assert PATIENCE_WHEN_DOWN > PATIENCE > 5
    assert sent(revised) is None
    revised.hasten("A@h:1")
    assert [sent(revised), sent(revised)] == ["2.25.1", "2.25.9"]


def test_what_waits_for_a_dead_destination_too_long_is_given_up(worklist, revised):
    assert revised.hold_back("A@h:1", 100, 201, "down") == 3
    assert revised.hold_back("B@h:1", 100, 201, "down") == 1
    assert revised.hold_back("A@h:1", 100, 201, "down") == 3
    assert revised.hold_back("A@h:1", 1, 201, "down") == 0
    assert worklist.study_details.dead_deliveries() == 3


def test_a_new_delivery_is_due_although_the_clock_was_set_back(outbox, clock):
    clock.forward(-3600)
    assert outbox.claim_next("A@h:1") is not None


def test_all_that_is_dead_at_one_destination_is_sent_again_in_its_order(worklist, revised):
    for number in range(3):
        revised.mark_dead(revised.claim_next("A@h:1"), f"refused {number}")
    revised.mark_dead(revised.claim_next("B@h:1"), "refused")
    assert worklist.resending.resend_all("A@h:1", "person") == 3
    arrived = []
    while (delivery := revised.claim_next("A@h:1")) is not None:
        revised.delivered(delivery, "stored")
        arrived.append(delivery.sop_instance_uid)
    assert arrived == ["2.25.1", "2.25.2", "2.25.9"]
    assert worklist.study_details.dead_deliveries() == 1
    assert worklist.resending.resend_all("C@h:1", "person") == 0
