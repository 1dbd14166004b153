"""A backup in an empty folder: what a node finds there, and what it does not do by itself."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from ct import head_ct
from intakes import Intake
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage
from spools import fill_study
from sqlalchemy import select

from triage_node.backup import Contents, restore_backup
from triage_node.database import DeliveryRow, DeliveryState, EventRow, StudyRow, StudyState
from triage_node.errors import SettingsError, StorageError
from triage_node.ingest import rebuild_worklist
from triage_node.node import Node
from triage_node.storage import RestoreMark, Spool, device_uid, hashed

PASSWORD = "correct horse battery staple"


@pytest.fixture
def empty(make_settings, tmp_path):
    """Settings of a node in another folder, which is not there yet."""
    return make_settings(data_dir=tmp_path / "elsewhere" / "data", disk_reserve_mb=0)


def rows(worklist, row):
    with worklist.database.read() as session:
        return session.scalars(select(row).order_by(row.id)).all()


def test_the_restored_worklist_has_studies_people_and_tokens(back_up, node, empty, reopened, clock):
    restored = restore_backup(back_up().path, empty, clock=clock)
    worklist = reopened(empty)
    worklist.accounts._clock = worklist.tokens._clock = clock
    assert sorted(one.study_instance_uid for one in worklist.study_details.worklist(1e9)) == sorted(node.uids)
    assert worklist.accounts.check("ann", PASSWORD, "10.0.0.1").name == "ann"
    assert worklist.tokens.check(node.token).name == "monitoring"
    assert device_uid(empty.data_dir) == node.uid
    assert restored.studies == len(node.uids)
    assert {path.stat().st_mode & 0o077 for path in empty.data_dir.rglob("*")} == {0}


def test_images_and_results_lie_where_they_lay(back_up, node, empty):
    restore_backup(back_up(Contents.SPOOL).path, empty)
    there = Spool(empty.data_dir / "spool")
    for uid in node.uids:
        assert [one.read_bytes() for one in there.instances(uid)] == [
            one.read_bytes() for one in node.spool.instances(uid)
        ]
        [result] = there.results(there.layout.study(uid))
        assert b"created_at" in result.outcome()


def test_what_was_open_is_held_and_says_why(back_up, node, empty, reopened, clock):
    with node.worklist.database.write() as session:
        deliveries = session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)).all()
        states = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DELIVERED)
        for delivery, state in zip(deliveries, states, strict=True):
            delivery.state = state
        studies = session.scalars(select(StudyRow).order_by(StudyRow.id)).all()
        studies[0].state, studies[0].held, studies[0].claimed_by = StudyState.ANALYZING, False, "w"
        studies[1].state, studies[1].held = StudyState.READY, False
        studies[2].held = False
    restored = restore_backup(back_up().path, empty, clock=clock)
    worklist = reopened(empty)
    assert (restored.held.studies, restored.held.reports) == (2, 2)
    assert [one.state for one in rows(worklist, DeliveryRow)] == ["held", "held", "delivered"]
    assert [(one.state, one.held) for one in rows(worklist, StudyRow)] == [
        ("receiving", True), ("receiving", True), ("analyzed", False),
    ]  # fmt: skip
    worklist.study_completion.advance()
    assert worklist.claims.claim("w") is None, "nothing is analyzed by itself"
    assert worklist.outbox.claim_next("A@h:1") is None, "nothing is sent by itself"
    told = [one for one in rows(worklist, EventRow) if one.actor == "restore"]
    assert {one.code for one in told} == {"rebuilt", "delivery_held", "restored"}
    assert all("may have been done since" in one.message for one in told)
    uid = rows(worklist, StudyRow)[0].study_instance_uid
    worklist.reader_actions.requeue(uid, "person ann")
    assert worklist.claims.claim("w").study_instance_uid == uid
    assert worklist.resending.resend_all("A@h:1", "person ann", DeliveryState.HELD) == 2
    assert worklist.outbox.claim_next("A@h:1") is not None


def test_the_old_spool_is_put_back_and_what_came_after_the_backup_is_added(back_up, node, empty, reopened):
    kept = back_up()
    later = fill_study(node.spool, seed=99)
    restore_backup(kept.path, empty)
    spool = empty.data_dir / "spool"
    for folder in (*spool.iterdir(), spool):
        folder.rmdir()  # as the recipe of docs/upkeep.md does: it goes only if it is empty
    shutil.copytree(node.spool.layout.root, spool)
    worklist = reopened(empty)
    made = rebuild_worklist(Spool(spool), worklist, ["A@h:1"])
    assert (made.studies, made.known, made.left_out) == (1, len(node.uids), [])
    assert [one.state for one in worklist.study_details.study(later).deliveries] == ["held"]


def test_nothing_is_overwritten(back_up, node, empty):
    kept = back_up()
    with pytest.raises(SettingsError, match="is not empty, and nothing is ever overwritten"):
        restore_backup(kept.path, node.settings)
    empty.data_dir.mkdir(parents=True)
    (empty.data_dir / "notes.txt").write_text("mine")
    with pytest.raises(SettingsError, match="is not empty"):
        restore_backup(kept.path, empty)
    assert (empty.data_dir / "notes.txt").read_text() == "mine"
    (empty.data_dir / "notes.txt").unlink()
    elsewhere = empty.data_dir.parent / "other.sqlite"
    elsewhere.write_bytes(b"x" * 5000)
    settings = empty.model_copy(update={"database_url": f"sqlite:///{elsewhere}"})
    with pytest.raises(SettingsError, match="There is a database in"):
        restore_backup(kept.path, settings)
    assert elsewhere.read_bytes() == b"x" * 5000


def test_a_damaged_backup_changes_nothing(back_up, empty):
    kept = back_up()
    (kept.path / "worklist.sqlite").write_bytes(b"x")
    with pytest.raises(StorageError, match="is damaged"):
        restore_backup(kept.path, empty)
    assert not empty.data_dir.exists()


def test_a_backup_of_another_kind_of_database_is_refused(back_up, empty):
    settings = empty.model_copy(update={"database_url": "postgresql+psycopg://u:p@127.0.0.1:9/x"})
    with pytest.raises(SettingsError, match="holds a database of sqlite, database_url names one of postgresql"):
        restore_backup(back_up().path, settings)


KILLED = """
import sys, time
from pathlib import Path
from triage_node.backup import restore_backup
from triage_node.config import read_settings

def wait(what, done, of):
    if what == sys.argv[3]:
        print("half", flush=True)
        time.sleep(600)

restore_backup(Path(sys.argv[1]), read_settings(data_dir=Path(sys.argv[2]), disk_reserve_mb=0), wait)
"""


@pytest.mark.parametrize("at", ["restoring the spool", "restoring the database", "preparing the worklist"])
def test_a_restore_that_is_killed_starts_no_node_and_is_begun_anew(back_up, node, empty, reopened, at):
    kept = back_up(Contents.SPOOL)
    command = [sys.executable, "-c", KILLED, kept.path, empty.data_dir, at]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "half\n"
        process.kill()
    with pytest.raises(StorageError, match="repeat `triage-node restore`"):
        Node(empty)
    assert restore_backup(kept.path, empty).studies == 3
    RestoreMark(empty.data_dir).check()
    assert len(reopened(empty).study_details.worklist(1e9)) == 3


def test_a_backup_taken_while_senders_push_holds_all_that_was_acknowledged_before(
    back_up, node, empty, reopened, wait_for
):
    """Every image whose Success was sent before the backup began has its row and its file in what is restored."""
    intake, stopping, acknowledged = Intake(node.settings), threading.Event(), []

    def push(seed: int) -> None:
        ae = AE(ae_title="SENDER")
        ae.add_requested_context(CTImageStorage)
        assoc = ae.associate("127.0.0.1", intake.port)
        for study in range(100_000):
            for image in head_ct(slices=4, size=(8, 8), seed=seed * 100_000 + study):
                if stopping.is_set():
                    assoc.release()
                    return
                assert assoc.send_c_store(image).Status == 0
                acknowledged.append((str(image.StudyInstanceUID), str(image.SOPInstanceUID)))

    senders = [threading.Thread(target=push, args=(seed,)) for seed in (1, 2)]
    for sender in senders:
        sender.start()
    try:
        wait_for(lambda: len(acknowledged) > 20, "images to come")
        before = list(acknowledged)
        kept = back_up(Contents.SPOOL)
        wait_for(lambda: len(acknowledged) > len(before), "images to come afterwards")
    finally:
        stopping.set()
        for sender in senders:
            sender.join()
        intake.stop()
    assert kept.inventory.missing == 0
    restore_backup(kept.path, empty)
    worklist, spool = reopened(empty), Spool(empty.data_dir / "spool")
    with closing(sqlite3.connect(worklist.database.file)) as connection:
        query = (
            "SELECT study_instance_uid, sop_instance_uid, result_file FROM instance JOIN study ON study.id = study_id"
        )
        registered = connection.execute(query).fetchall()
    assert set(before) <= {row[:2] for row in registered}
    assert all(spool.layout.stored_file(*row).exists() for row in registered)
    known = {f"{hashed(study)}-{hashed(instance)}" for study, instance, _ in registered}
    left = {path.name.rsplit("-", 1)[0] for path in spool.unfiled()}
    assert left <= known, "what is left there has its row: it was filed while the backup was made"
