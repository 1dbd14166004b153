import pytest

from triage_node.worklist import DeliveryState


@pytest.fixture
def outbox(worklist, receive, clock, flagged):
    receive(1, 2)
    clock.forward(21)
    worklist.assembly.advance()
    worklist.claims.finish(worklist.claims.claim("w"), flagged, ["A@h:1", "B@h:1"])
    return worklist.outbox


def states(worklist):
    return [delivery["state"] for delivery in worklist.views.study("1.2.3")["deliveries"]]


def test_a_delivery_is_handed_out_once_and_to_its_destination_only(worklist, outbox):
    delivery = outbox.due("A@h:1")
    assert (delivery.destination, delivery.attempts) == ("A@h:1", 1)
    assert outbox.due("A@h:1") is None
    outbox.delivered(delivery, "stored")
    assert states(worklist) == [DeliveryState.DELIVERED, DeliveryState.PENDING]


def test_a_postponed_delivery_waits(outbox, clock):
    outbox.retry(outbox.due("A@h:1"), 30, "down")
    assert outbox.due("A@h:1") is None
    clock.forward(31)
    assert outbox.due("A@h:1").attempts == 2


def test_what_was_being_sent_at_a_crash_is_sent_again(outbox):
    outbox.due("A@h:1")
    assert outbox.recover() == 1
    assert outbox.due("A@h:1") is not None


def test_a_dead_delivery_comes_back_on_a_persons_word_only(worklist, outbox):
    outbox.bury(outbox.due("A@h:1"), "refused")
    assert outbox.due("A@h:1") is None
    assert worklist.views.dead_deliveries() == 1
    assert outbox.resend("1.2.3", "person") == 1
    assert outbox.due("A@h:1") is not None
