"""Who has sent and what was refused, kept in a bounded number of rows."""

import pytest

from triage_node.worklist import ASSOCIATIONS, INSTANCES, SenderCount
from triage_node.worklist.senders import sender_counts

DAY = 86_400


@pytest.fixture
def counts(worklist):
    return worklist.sender_counts


def test_counts_add_up_and_say_what_was_today(counts, clock):
    counts.add([SenderCount("CT1", "10.0.0.1", INSTANCES, 300, clock())])
    clock.forward(2 * DAY)
    counts.add([SenderCount("CT1", "10.0.0.1", INSTANCES, 5, clock())])
    clock.forward(1)
    counts.add([SenderCount("CT1", "10.0.0.1", INSTANCES, 7, clock())])
    [one] = counts.all()
    assert (one.instances, one.instances_today, one.last_instance_at) == (312, 12, clock())
    assert one.last_at - one.first_at == 2 * DAY + 1
    clock.forward(2 * DAY)
    [one] = counts.all()
    assert (one.instances, one.instances_today) == (312, 0)


def test_refusals_are_told_by_reason_with_what_was_said_last(counts, clock):
    start = clock()
    counts.add(
        [
            SenderCount("CT1", "10.0.0.1", "called_ae_title", 2, start, "it calls 'TRIAG'"),
            SenderCount("CT1", "10.0.0.1", "rate", 9, start + 1, "too often"),
            SenderCount("CT1", "10.0.0.1", ASSOCIATIONS, 1, start + 2),
        ]
    )
    counts.add([SenderCount("CT1", "10.0.0.1", "called_ae_title", 1, start + 3, "it calls 'triage'")])
    [one] = counts.all()
    assert [(refusal.reason, refusal.number, refusal.sentence) for refusal in one.refusals] == [
        ("called_ae_title", 3, "it calls 'triage'"),
        ("rate", 9, "too often"),
    ]
    assert (one.instances, one.last_instance_at, one.associations) == (0, None, 1)


def test_strangers_without_end_fill_no_table_and_hide_no_sender(counts, clock, monkeypatch):
    monkeypatch.setattr(sender_counts, "MOST_STRANGERS", 30)
    counts.add([SenderCount("CT1", "10.0.0.1", INSTANCES, 1, clock())])
    for number in range(100):
        clock.forward(1)
        counts.add([SenderCount("", f"192.0.2.{number}", "address", 1, clock())])
    found = counts.all()
    assert [one.ae_title for one in found if one.instances] == ["CT1"]
    assert len(found) == 31
    assert found[0].address == "192.0.2.99"


def test_one_address_with_names_without_end_hides_no_other(counts, clock):
    counts.add([SenderCount("CT1", "10.0.0.1", "calling_ae_title", 1, clock())])
    for number in range(60):
        clock.forward(1)
        counts.add([SenderCount(f"X{number}", "192.0.2.1", "calling_ae_title", 1, clock())])
    found = counts.all()
    assert "CT1" in [one.ae_title for one in found]
    assert len(found) == sender_counts.MOST_OF_ADDRESS + 1
