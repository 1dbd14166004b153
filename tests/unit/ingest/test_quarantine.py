"""One instance that cannot be registered holds up nothing: it is set aside, named, and tried again."""

import dataclasses
import hashlib
import os
import shutil
from contextlib import contextmanager

import pytest
from ct import head_ct, save

from triage_node.ingest import Indexer, Ingest, Sender
from triage_node.ingest import indexer as indexer_module
from triage_node.ingest.unindexed_instance import read_unindexed
from triage_node.storage import Spool

SENDER = Sender("PACS", "127.0.0.1")


@pytest.fixture
def contents(tmp_path):
    return [path.read_bytes() for path in save(head_ct(slices=5, size=(16, 16)), tmp_path / "study")]


@pytest.fixture
def other(tmp_path):
    return [path.read_bytes() for path in save(head_ct(slices=3, size=(16, 16), seed=7), tmp_path / "other")]


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool")


@pytest.fixture
def open_ingest(spool, worklist, monkeypatch):
    """Ingest and an indexer that gathers nothing; the indexer is started only where a test does it."""
    monkeypatch.setattr(indexer_module, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(indexer_module, "PAUSE_AFTER_ERROR_SECONDS", 0.01)
    started = []

    def make(retry_seconds=60.0):
        indexer = Indexer(spool, worklist, retry_seconds)
        started.append(indexer)
        return Ingest(spool, worklist, indexer, 1 << 30), indexer

    yield make
    for indexer in started:
        if indexer.state().alive:
            indexer.stop()


@contextmanager
def refusing(worklist, sop_instance_uid):
    """Have the database itself refuse an instance."""
    if worklist.database.engine.dialect.name == "sqlite":
        make = (
            f"CREATE TRIGGER poison BEFORE INSERT ON instance WHEN NEW.sop_instance_uid = '{sop_instance_uid}' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
        drop = "DROP TRIGGER poison"
    else:
        make = f"ALTER TABLE instance ADD CONSTRAINT poison CHECK (sop_instance_uid <> '{sop_instance_uid}')"
        drop = "ALTER TABLE instance DROP CONSTRAINT poison"
    with worklist.database.engine.begin() as connection:
        connection.exec_driver_sql(make)
    try:
        yield
    finally:
        with worklist.database.engine.begin() as connection:
            connection.exec_driver_sql(drop)


def instances(worklist):
    shown = [worklist.study_details.study(row.study_instance_uid) for row in worklist.study_details.worklist(1e9)]
    return sum(series.instance_count for study in shown for series in study.series)


def events(worklist, code="instance_set_aside"):
    return [event.message for event in worklist.study_details.events(code)]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_row_the_database_refuses_is_set_aside_and_the_others_go_on(
    open_ingest, worklist, spool, contents, wait_for, place
):
    ingest, indexer = open_ingest()
    headers = [ingest.receive(content, SENDER) for content in contents]
    with refusing(worklist, headers[place].sop_instance_uid):
        indexer.start()
        wait_for(lambda: indexer.state().set_aside == 1 and indexer.state().backlog == 0, "the poison to be found")
        assert instances(worklist) == 4
        [event] = wait_for(lambda: events(worklist), "the event")
        assert headers[place].study_instance_uid in event
        assert event.endswith(": 1")
    [kept] = spool.quarantined()
    assert kept.read_bytes() == contents[place]
    assert list(spool.layout.incoming.iterdir()) == []


def test_what_was_set_aside_is_registered_once_the_database_takes_it(open_ingest, worklist, spool, contents, wait_for):
    ingest, indexer = open_ingest(retry_seconds=0.05)
    header = ingest.receive(contents[0], SENDER)
    with refusing(worklist, header.sop_instance_uid):
        indexer.start()
        wait_for(spool.quarantined, "the poison to be set aside")
    wait_for(lambda: instances(worklist) == 1, "the instance to be registered")
    wait_for(lambda: not spool.quarantined(), "the quarantine to be empty")
    assert len(events(worklist)) == 1, "what is tried again and fails says nothing new"


def test_the_next_start_tries_again_what_was_set_aside(open_ingest, worklist, spool, contents, wait_for):
    ingest, first = open_ingest()
    header = ingest.receive(contents[0], SENDER)
    with refusing(worklist, header.sop_instance_uid):
        first.start()
        wait_for(spool.quarantined, "the poison to be set aside")
        first.stop()
    _, second = open_ingest()
    second.start()
    wait_for(lambda: instances(worklist) == 1 and not spool.quarantined(), "the instance to be registered")


def test_many_of_a_study_are_one_event(open_ingest, worklist, spool, contents, other, wait_for):
    ingest, indexer = open_ingest()
    indexer.start()
    path = spool.layout.study(ingest.receive(other[0], SENDER).study_instance_uid)
    wait_for(lambda: indexer.state().backlog == 0, "the first")
    blocked = spool.layout.study(read_study(contents[0]))
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file where the folder of the study belongs")
    for content in contents:
        ingest.receive(content, SENDER)
        wait_for(lambda: indexer.state().backlog == 0, "the instance to be set aside")
    assert path.is_dir()
    [event] = events(worklist)
    assert event.endswith(": 5")
    assert indexer.state().set_aside == 5


def read_study(content):
    from triage_node.ingest.header import read_header

    return read_header(content).study_instance_uid


@pytest.mark.parametrize("harm", ["a file in its place", "not writable"])
def test_a_study_folder_that_cannot_be_written_holds_up_no_other_study(
    open_ingest, worklist, spool, contents, other, wait_for, harm
):
    ingest, indexer = open_ingest(retry_seconds=0.05)
    folder = spool.layout.study(read_study(contents[0]))
    folder.parent.mkdir(parents=True)
    if harm == "a file in its place":
        folder.write_text("")
        mend = folder.unlink
    else:
        if os.geteuid() == 0:
            pytest.skip("root writes everywhere")
        folder.mkdir(mode=0o500)
        mend = lambda: folder.chmod(0o700)  # noqa: E731
    for content in (*contents, *other):
        ingest.receive(content, SENDER)
    indexer.start()
    wait_for(lambda: instances(worklist) == 3, "the other study to be registered")
    assert indexer.state().set_aside == 5
    mend()
    wait_for(lambda: instances(worklist) == 8, "the mended study to be registered")


def test_a_file_that_vanished_from_incoming_is_named_and_holds_up_nothing(
    open_ingest, worklist, spool, contents, wait_for, caplog
):
    ingest, indexer = open_ingest()
    headers = [ingest.receive(content, SENDER) for content in contents]
    [gone] = spool.layout.incoming.glob(f"*-{hashlib.sha256(headers[1].sop_instance_uid.encode()).hexdigest()[:32]}-*")
    gone.unlink()
    indexer.start()
    wait_for(lambda: instances(worklist) == 4, "the others to be registered")
    [event] = wait_for(lambda: events(worklist, "instance_lost"), "the event")
    assert headers[1].study_instance_uid in event
    assert gone.name in caplog.text


def test_a_file_that_vanished_after_it_was_filed_is_registered(open_ingest, worklist, spool, contents, wait_for):
    ingest, indexer = open_ingest()
    header = ingest.receive(contents[0], SENDER)
    [kept] = spool.layout.incoming.iterdir()
    spool.file(kept, header.study_instance_uid, header.sop_instance_uid)
    kept.unlink()
    indexer.start()
    wait_for(lambda: instances(worklist) == 1, "the instance to be registered")
    assert events(worklist, "instance_lost") == []


@pytest.mark.parametrize("harm", ["empty", "cut off", "noise", "folder", "pipe", "link"])
def test_a_damaged_leftover_in_incoming_is_set_aside_by_name(
    open_ingest, worklist, spool, contents, wait_for, harm, caplog
):
    ingest, _ = open_ingest()
    for content in contents:
        ingest.receive(content, SENDER)
    odd = sorted(spool.layout.incoming.iterdir())[2]
    odd.unlink()
    {
        "empty": lambda: odd.touch(),
        "cut off": lambda: odd.write_bytes(contents[2][:200]),
        "noise": lambda: odd.write_bytes(bytes(range(256)) * 20),
        "folder": lambda: odd.mkdir(),
        "pipe": lambda: os.mkfifo(odd),
        "link": lambda: odd.symlink_to("/etc/passwd"),
    }[harm]()
    _, second = open_ingest()
    second.start()
    wait_for(lambda: instances(worklist) == 4, "the others to be registered")
    wait_for(lambda: second.state().set_aside == 1, "the damaged one to be set aside")
    assert odd.name in caplog.text
    [event] = wait_for(lambda: events(worklist), "the event")
    assert event.startswith("Files set aside in quarantine/")


def test_while_the_whole_database_is_down_everything_waits_and_nothing_is_set_aside(
    open_ingest, worklist, spool, contents, wait_for, caplog
):
    ingest, _ = open_ingest()
    _, indexer = open_ingest()
    with worklist.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE study RENAME TO away")
    for content in contents:
        ingest.receive(content, SENDER)
    indexer.start()
    try:
        wait_for(lambda: caplog.text.count("registration_failed") > 2, "some tries")
        state = indexer.state()
        assert (state.backlog, state.set_aside, state.alive) == (5, 0, True)
        assert state.oldest_seconds > 0
    finally:
        with worklist.database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO study")
    wait_for(lambda: instances(worklist) == 5, "the instances to be registered")
    wait_for(lambda: indexer.state().oldest_seconds is None, "nothing to wait any more")


def test_while_nothing_can_be_filed_everything_waits_and_nothing_is_set_aside(
    open_ingest, worklist, spool, contents, wait_for, caplog
):
    ingest, _ = open_ingest()
    _, indexer = open_ingest()
    for content in contents:
        ingest.receive(content, SENDER)
    shutil.rmtree(spool.layout.studies)
    spool.layout.studies.write_text("the whole folder is gone")
    indexer.start()
    wait_for(lambda: caplog.text.count("filing_failed") > 2, "some tries")
    assert (indexer.state().backlog, indexer.state().set_aside) == (5, 0)
    spool.layout.studies.unlink()
    spool.layout.studies.mkdir(exist_ok=True)
    wait_for(lambda: instances(worklist) == 5, "the instances to be registered")


@pytest.mark.parametrize("odd", [{"patient_name": "\udc80"}, {"instance_number": 2**70}], ids=["text", "number"])
def test_values_that_came_past_ingest_hold_up_nothing(open_ingest, worklist, spool, contents, wait_for, odd):
    ingest, indexer = open_ingest()
    header = ingest.receive(contents[0], SENDER)
    [path] = spool.layout.incoming.iterdir()
    kept = read_unindexed(path)
    for content in contents[1:]:
        ingest.receive(content, SENDER)
    indexer.submit(dataclasses.replace(kept, header=dataclasses.replace(header, **odd)))
    shutil.copy(path, path.with_name(f"x{path.name}"))
    indexer.submit(dataclasses.replace(kept, path=path.with_name(f"x{path.name}")))
    indexer.start()
    wait_for(lambda: indexer.state().backlog == 0, "all to be looked at")
    assert instances(worklist) == 5
