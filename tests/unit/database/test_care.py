"""The database is taken care of while it is used."""

import sqlite3
from contextlib import closing

import pytest

from triage_node.database import care as caring
from triage_node.database import care_for
from triage_node.errors import StorageError


@pytest.fixture
def sqlite(worklist):
    if worklist.database.file is None:
        pytest.skip("a server has no file")
    return worklist


def fill_and_delete(worklist, megabytes):
    with closing(sqlite3.connect(worklist.database.file)) as connection:
        connection.execute("CREATE TABLE ballast (content BLOB)")
        connection.executemany("INSERT INTO ballast VALUES (zeroblob(100000))", [()] * (10 * megabytes))
        connection.commit()
        connection.execute("DROP TABLE ballast")
        connection.commit()


def size(worklist):
    return worklist.database.file.stat().st_size


def test_the_room_of_deleted_rows_is_given_back_when_it_is_worth_it(sqlite, receive):
    receive(1, 2)
    assert "nothing to compact" in care_for(sqlite.database, bool)
    fill_and_delete(sqlite, 20)
    before = size(sqlite)
    assert care_for(sqlite.database, bool).startswith("compacted by ")
    assert size(sqlite) < before - (16 << 20)
    assert sqlite.study_details.study("1.2.3").revision == 2


def test_queries_are_planned_by_what_is_there_once_there_is_much(sqlite, receive, monkeypatch):
    receive(1)

    def counted():
        with closing(sqlite3.connect(sqlite.database.file)) as connection:
            return connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone()[0]

    assert ("analyzed" in care_for(sqlite.database, bool), counted()) == (False, 0)
    monkeypatch.setattr(caring, "WORTH_STUDIES", 1)
    assert ("analyzed" in care_for(sqlite.database, bool), counted()) == (True, 1)
    assert sqlite.study_details.study("1.2.3").revision == 1


def test_the_log_is_written_back(sqlite, receive):
    receive(1)
    log = sqlite.database.file.with_name("worklist.sqlite-wal")
    assert log.stat().st_size > 0
    assert "its log was written back" in care_for(sqlite.database, bool)
    assert log.stat().st_size == 0


def test_compacting_ends_with_the_node_and_after_its_time_and_changes_nothing(sqlite, receive, monkeypatch):
    receive(1)
    monkeypatch.setattr(caring, "STEPS_BETWEEN_LOOKS", 10)
    for ends in ("stopping", "time"):
        fill_and_delete(sqlite, 20)
        before = size(sqlite)
        monkeypatch.setattr(caring, "COMPACTING_SECONDS", 60.0 if ends == "stopping" else 0.0)
        said = care_for(sqlite.database, lambda ends=ends: ends == "stopping")
        assert "not compacted (interrupted)" in said
        assert size(sqlite) >= before - 4096
        assert sqlite.study_details.study("1.2.3").revision == 1


def test_a_writer_at_work_is_not_fought(sqlite, receive):
    receive(1)
    fill_and_delete(sqlite, 20)
    with closing(sqlite3.connect(sqlite.database.file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as hasty:
            connect = sqlite3.connect
            hasty.setattr(sqlite3, "connect", lambda *args, **more: connect(*args, **{**more, "timeout": 0.1}))
            assert "not compacted (database is locked)" in care_for(sqlite.database, bool)
        writer.execute("ROLLBACK")


def test_a_disk_with_too_little_room_is_left_alone(sqlite, receive, monkeypatch):
    receive(1)
    fill_and_delete(sqlite, 20)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 1000}))
    assert "too little room" in care_for(sqlite.database, bool)


def test_a_damaged_file_is_told_in_one_sentence(sqlite):
    sqlite.close()
    sqlite.database.file.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match="could not be taken care of"):
        care_for(sqlite.database, bool)
