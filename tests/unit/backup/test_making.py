"""A backup is made while the node works, whole or not at all, and read through."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from small_disk import SmallDisk

from triage_node.backup import BackupFolder, Contents, verify_backup
from triage_node.backup.inventory import Inventory
from triage_node.errors import FolderInUse, Interrupted, StorageError, StorageFull

DAY = 86_400


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_backup_holds_the_database_and_what_makes_the_node_the_one_it_is(back_up, node):
    kept = back_up()
    assert names(kept.path) == ["device-uid", "inventory.json", "worklist.sqlite"]
    assert (kept.path / "device-uid").read_text().strip() == node.uid
    inventory = Inventory.read(kept.path)
    assert inventory == kept.inventory
    assert (inventory.rows["study"], inventory.rows["web_user"], inventory.device_uid) == (3, 1, node.uid)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (kept.path, *kept.path.iterdir()))


@pytest.mark.parametrize(("contents", "files"), [(Contents.RESULTS, 6), (Contents.SPOOL, 12)])
def test_results_and_spool_are_kept_when_they_are_wanted(back_up, node, contents, files):
    kept = back_up(contents)
    assert kept.inventory.files == files
    assert kept.inventory.missing == (0 if contents is Contents.SPOOL else None)
    source = node.spool.layout.root
    for path in (kept.path / "spool").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (source / path.relative_to(kept.path / "spool")).read_bytes()


def test_an_image_that_is_gone_is_counted(back_up, node):
    node.spool.instances(node.uids[0])[0].unlink()
    assert back_up(Contents.SPOOL).inventory.missing == 1


def test_the_copy_is_of_one_moment_while_others_write(back_up, node):
    """Each transaction writes two rows; a copy with an odd number would have torn one."""
    stopping, written = threading.Event(), []

    def write() -> None:
        with closing(sqlite3.connect(node.worklist.database.file, timeout=30, isolation_level=None)) as connection:
            while not stopping.is_set():
                connection.execute("BEGIN IMMEDIATE")
                for _ in range(2):
                    connection.execute("INSERT INTO event (at, actor, code, message) VALUES (1, 'x', 'pair', '')")
                connection.execute("COMMIT")
                written.append(2)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = []
        for _ in range(5):
            before, kept = sum(written), back_up()
            with closing(sqlite3.connect(kept.path / "worklist.sqlite")) as copy:
                [pairs] = copy.execute("SELECT count(*) FROM event WHERE code = 'pair'").fetchone()
            assert pairs % 2 == 0
            assert pairs >= before, "what was written before is in it"
            counts.append(pairs)
    finally:
        stopping.set()
        writer.join()
    assert counts[-1] > counts[0], "writers went on"


@pytest.mark.parametrize("damage", ["database", "device-uid", "spool", "inventory", "rows"])
def test_a_damaged_backup_is_refused_by_name(back_up, damage):
    kept = back_up(Contents.SPOOL)
    database = kept.path / "worklist.sqlite"
    if damage == "database":
        content = bytearray(database.read_bytes())
        content[8192:8200] = b"\xff" * 8
        database.write_bytes(content)
    elif damage == "device-uid":
        (kept.path / "device-uid").write_text("2.25.1\n")
    elif damage == "spool":
        next(path for path in (kept.path / "spool").rglob("*.dcm")).unlink()
    elif damage == "inventory":
        (kept.path / "inventory.json").write_text("{")
    else:
        rows = kept.inventory.rows | {"study": 4}
        (kept.path / "inventory.json").write_bytes(replace(kept.inventory, rows=rows).as_json())
    words = {"database": "worklist.sqlite", "spool": "files", "rows": "rows are missing in study"}
    with pytest.raises(StorageError, match=f"damaged: .*{words.get(damage, damage)}"):
        verify_backup(kept.path)


def test_what_is_no_backup_or_of_a_newer_version_is_said_to_be(back_up, tmp_path):
    with pytest.raises(StorageError, match="is no backup"):
        verify_backup(tmp_path)
    kept = back_up()
    newer = replace(kept.inventory, format=2, version="9.1").as_json()
    (kept.path / "inventory.json").write_bytes(newer)
    with pytest.raises(StorageError, match=r"triage-node 9\.1"):
        verify_backup(kept.path)


def test_so_many_are_kept_of_this_node_and_nothing_else_is_removed(back_up, node, tmp_path, clock):
    folder = BackupFolder(tmp_path / "backups")
    foreign = back_up()
    (foreign.path / "inventory.json").write_bytes(replace(foreign.inventory, device_uid="2.25.7").as_json())
    (folder.path / "triage-backup-notes").mkdir()
    (folder.path / "holiday.jpg").write_bytes(b"x")
    made = []
    for _ in range(5):
        clock.forward(DAY)
        made.append(back_up().path)
        folder.prune(3, node.uid, made[-1])
    assert [one.path for one in folder.all()] == [*reversed(made[-3:]), foreign.path]
    assert (folder.path / "holiday.jpg").exists()
    assert (folder.path / "triage-backup-notes").exists()


def test_the_backup_just_made_stays_though_the_clock_was_set_back(back_up, node, tmp_path, clock):
    folder = BackupFolder(tmp_path / "backups")
    for _ in range(3):
        clock.forward(DAY)
        back_up()
    clock.forward(-400 * DAY)
    made = back_up().path
    folder.prune(2, node.uid, made)
    assert made in [one.path for one in folder.all()]
    assert len(folder.all()) == 2


def test_two_backups_of_one_second_have_two_names_and_one_is_made_at_a_time(back_up, tmp_path):
    one, other = back_up().path, back_up().path
    assert other.name == f"{one.name}-2"
    tried = []

    def another(_what, _done, _of):
        with pytest.raises(FolderInUse):
            back_up()
        tried.append(1)

    back_up(progress=another)
    assert tried


@pytest.mark.parametrize("at", ["copying the database", "verifying the database", "copying studies"])
@pytest.mark.parametrize("calls", [1, 2])
def test_a_backup_that_is_interrupted_leaves_nothing(back_up, tmp_path, monkeypatch, at, calls):
    monkeypatch.setattr("triage_node.backup.sqlite_copy.STEPS_BETWEEN_LOOKS", 10)
    monkeypatch.setattr("triage_node.backup.sqlite_copy.PAGES_AT_ONCE", 10)
    seen = []

    def end(what, _done, _of):
        seen.append(what)
        if seen.count(at) == calls:
            raise Interrupted("stopping")

    with pytest.raises(Interrupted, match="stopping"):
        back_up(Contents.SPOOL, progress=end)
    assert names(tmp_path / "backups") == []


KILLED = """
import sys, time
from pathlib import Path
from triage_node.backup import BackupFolder, Contents, Making, make_backup
from triage_node.config import read_settings
from triage_node.database import Database

def wait(what, done, of):
    if what.startswith("verifying"):
        print("half", flush=True)
        time.sleep(600)

settings = read_settings(data_dir=Path(sys.argv[1]), disk_reserve_mb=0)
database = Database(settings.effective_database_url)
make_backup(BackupFolder(Path(sys.argv[2])), Making(settings, database, Contents.SPOOL, wait))
"""


def test_a_backup_that_is_killed_leaves_none_and_the_next_one_clears_up(back_up, node, tmp_path):
    folder = tmp_path / "backups"
    command = [sys.executable, "-c", KILLED, node.settings.data_dir, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "half\n"
        process.kill()
    assert [name for name in names(folder) if name.endswith(".part")]
    assert BackupFolder(folder).all() == []
    kept = back_up()
    assert names(folder) == [kept.path.name]
    verify_backup(kept.path)


@pytest.fixture
def disk(tmp_path):
    try:
        disk = SmallDisk(tmp_path / "disk", 20_000)
    except PermissionError as error:
        pytest.skip(str(error))
    yield disk
    disk.unmount()


def test_a_full_disk_has_the_backups_it_had_and_no_half_one(back_up, disk):
    folder = disk.folder / "backups"
    good = back_up(folder=folder).path
    disk.fill(leave_bytes=300_000)
    with pytest.raises(StorageFull, match=r"No backup was made: .*iB more are needed"):
        back_up(folder=folder)
    assert names(folder) == [good.name]
    verify_backup(good)
    disk.free()
    assert len({back_up(folder=folder).path, good}) == 2


def test_a_disk_that_becomes_full_on_the_way_has_no_half_backup(back_up, disk):
    folder = disk.folder / "backups"

    def fill(what, _done, _of):
        if what == "copying the database":
            disk.fill()

    with pytest.raises(StorageFull):
        back_up(folder=folder, progress=fill, contents=Contents.SPOOL)
    assert names(folder) == []


def test_what_shall_stay_free_for_what_comes_in_is_not_taken(back_up, node, disk):
    settings = node.settings.model_copy(update={"disk_reserve_mb": 19})
    with pytest.raises(StorageFull, match=r"19\.0 MiB shall stay so"):
        back_up(folder=disk.folder / "backups", settings=settings)
