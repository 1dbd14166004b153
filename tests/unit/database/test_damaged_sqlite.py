"""A damaged SQLite file is found at the start, or when it is read, and the sentence says what to do."""

import os
import random
import sqlite3
import stat

import pytest

from triage_node.database.sqlite_file import damage_of, set_aside
from triage_node.errors import DatabaseDamaged, StorageError
from triage_node.worklist import ReceivedInstance, Worklist

pytestmark = pytest.mark.slow

PAGE = 4096


@pytest.fixture
def closed(worklist, clock):
    """A worklist of some studies, checkpointed and closed; its file."""
    if worklist.database.file is None:
        pytest.skip("a server has no file of ours")
    worklist.registration.register(
        [
            ReceivedInstance(
                study_instance_uid=f"1.2.{study}",
                series_instance_uid=f"1.2.{study}.1",
                sop_instance_uid=f"1.2.{study}.1.{number}",
                sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                size_bytes=1000,
                received_at=clock(),
                eligible=True,
                patient_name=f"Name^{study}" * 5,
            )
            for study in range(60)
            for number in range(10)
        ]
    )
    worklist.close()
    return worklist.database.file


def overwrite(path, at, content):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def pages(path):
    return path.stat().st_size // PAGE


def beside(path, suffix):
    return path.with_name(path.name + suffix)


DAMAGES = {
    "a zeroed header": lambda path, rng: overwrite(path, 0, bytes(100)),
    "a zeroed first page": lambda path, rng: overwrite(path, 0, bytes(PAGE)),
    "all zeros": lambda path, rng: path.write_bytes(bytes(path.stat().st_size)),
    "a wrong magic": lambda path, rng: overwrite(path, 0, b"XQLite"),
    "noise": lambda path, rng: path.write_bytes(rng.randbytes(50_000)),
    "text": lambda path, rng: path.write_text("no database\n" * 100),
    "one byte": lambda path, rng: path.write_bytes(b"S"),
    "half of it": lambda path, rng: os.truncate(path, path.stat().st_size // 2),
    "cut within the first page": lambda path, rng: os.truncate(path, 1000),
    "a page of noise": lambda path, rng: overwrite(path, PAGE * rng.randrange(2, pages(path)), rng.randbytes(PAGE)),
    "six pages of zeros": lambda path, rng: [
        overwrite(path, PAGE * page, bytes(PAGE)) for page in rng.sample(range(2, pages(path)), 6)
    ],
    "a folder in its place": lambda path, rng: (path.unlink(), path.mkdir()),
    "a log of noise": lambda path, rng: beside(path, "-wal").write_bytes(rng.randbytes(50_000)),
    "a log of text": lambda path, rng: beside(path, "-wal").write_text("no log"),
    "a folder in the place of its log": lambda path, rng: beside(path, "-wal").mkdir(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_sqlite_damage_stops_the_start_with_the_way_out(closed, make_settings, damage, seed):
    DAMAGES[damage](closed, random.Random(seed))
    worklist = Worklist(make_settings())
    with pytest.raises(DatabaseDamaged, match="triage-node rebuild") as raised:
        worklist.look_for_damage()
        worklist.prepare()
    assert str(closed) in str(raised.value)
    assert not worklist.answers()
    worklist.close()


@pytest.mark.parametrize("state", ["as it was closed", "empty", "absent", "with an empty log", "with a log of zeros"])
def test_a_sqlite_file_that_is_whole_is_taken(closed, make_settings, state):
    if state == "empty":
        closed.write_bytes(b"")
    elif state == "absent":
        closed.unlink()
    elif state == "with an empty log":
        beside(closed, "-wal").touch()
    elif state == "with a log of zeros":
        beside(closed, "-wal").write_bytes(bytes(32))
    worklist = Worklist(make_settings())
    worklist.look_for_damage()
    worklist.prepare()
    assert worklist.answers()
    assert worklist.study_details.is_empty() == (state in ("empty", "absent"))
    worklist.close()


def test_a_sqlite_log_that_a_kill_left_is_taken(worklist, receive, tmp_path, make_settings):
    if worklist.database.file is None:
        pytest.skip("a server has no file of ours")
    receive(1, 2, 3)
    left = tmp_path / "left"
    left.mkdir()
    for path in worklist.database.file.parent.glob("worklist.sqlite*"):
        (left / path.name).write_bytes(path.read_bytes())
    assert (left / "worklist.sqlite-wal").stat().st_size > 0
    again = Worklist(make_settings(data_dir=left))
    again.look_for_damage()
    again.prepare()
    assert again.study_details.study("1.2.3").revision == 3
    again.close()


def test_the_look_at_a_sqlite_file_ends_in_time(closed, caplog):
    with caplog.at_level("INFO"):
        assert damage_of(closed, seconds=1e-9) == ""
    assert damage_of(closed) == ""


def test_sqlite_damage_found_while_running_is_logged_once_and_the_worklist_no_longer_answers(
    closed, make_settings, seed, caplog
):
    worklist = Worklist(make_settings())
    worklist.look_for_damage()
    assert worklist.answers()
    rng = random.Random(seed)
    for page in range(2, pages(closed)):
        overwrite(closed, PAGE * page, rng.randbytes(PAGE))
    worklist.close()  # what was read before is forgotten
    for _ in range(2):
        with pytest.raises(DatabaseDamaged, match="triage-node rebuild"):
            worklist.study_details.worklist(1e9)
    assert caplog.text.count("database_damaged") == 1
    assert not worklist.answers()
    worklist.close()


def test_a_sqlite_file_of_somebody_else_is_no_damage(closed, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StorageError, match="owner") as raised:
        damage_of(closed)
    assert not isinstance(raised.value, DatabaseDamaged)


def test_a_sqlite_file_is_set_aside_with_its_log_and_can_still_be_opened(closed):
    before = closed.read_bytes()
    for suffix in ("-wal", "-shm"):
        beside(closed, suffix).touch()
    closed.chmod(0o644)
    moved = set_aside(closed)
    assert [path.name.partition(".sqlite")[2] for path in moved] == ["", "-wal", "-shm"]
    assert not list(closed.parent.glob("worklist.sqlite*"))
    assert moved[0].read_bytes() == before
    assert stat.S_IMODE(moved[0].stat().st_mode) == 0o600
    connection = sqlite3.connect(moved[0])
    assert connection.execute("SELECT count(*) FROM study").fetchone() == (60,)
    connection.close()
    closed.write_bytes(b"another")
    assert set_aside(closed)[0] not in moved
