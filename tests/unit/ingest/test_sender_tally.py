"""What came of each sender is counted in bounded memory, and nothing is lost to a database that refuses."""

import pytest

from triage_node.errors import DatabaseRefused
from triage_node.ingest import Indexer, Ingest, Sender, sender_tally
from triage_node.ingest.sender_tally import SenderTally
from triage_node.storage import Spool
from triage_node.worklist import INSTANCES


def test_the_same_of_one_sender_is_one_count(clock):
    tally = SenderTally(clock)
    for _ in range(3):
        clock.forward(1)
        tally.note(Sender(" CT1\0 ", "10.0.0.1"), INSTANCES)
    [one] = tally.take()
    assert (one.ae_title, one.number, one.last_at) == ("CT1", 3, clock())
    assert tally.take() == []


def test_names_without_end_of_one_address_are_counted_together(clock):
    tally = SenderTally(clock)
    for number in range(1000):
        tally.note(Sender(f"X{number}", "192.0.2.1"), "calling_ae_title")
    tally.note(Sender("CT1", "10.0.0.1"), INSTANCES)
    counts = tally.take()
    assert len(counts) == sender_tally.MOST_AE_TITLES + 2
    assert sum(one.number for one in counts) == 1001
    assert max(counts, key=lambda one: one.number).ae_title == ""


def test_addresses_without_end_are_counted_as_of_nobody(clock, monkeypatch):
    monkeypatch.setattr(sender_tally, "MOST_KEYS", 50)
    tally = SenderTally(clock)
    for number in range(500):
        tally.note(Sender("", f"192.0.2.{number}"), "address")
    counts = tally.take()
    assert len(counts) == 51
    assert {(one.address, one.number) for one in counts if one.number > 1} == {("", 450)}


def test_a_count_that_could_not_be_written_is_written_the_next_time(make_settings, make_worklist, clock, tmp_path):
    worklist = make_worklist(make_settings(), clock)
    spool = Spool(tmp_path / "spool")
    ingest = Ingest(spool, worklist, Indexer(spool, worklist), 1 << 30, clock)
    ingest.senders.note(Sender("CT1", "10.0.0.1"), INSTANCES)
    add = worklist.sender_counts.add

    def refuse(_: object) -> None:
        raise DatabaseRefused("down")

    worklist.sender_counts.add = refuse
    with pytest.raises(DatabaseRefused):
        ingest.write_senders()
    worklist.sender_counts.add = add
    ingest.senders.note(Sender("CT1", "10.0.0.1"), INSTANCES)
    ingest.write_senders()
    [one] = worklist.sender_counts.all()
    assert one.instances == 2
    worklist.close()
