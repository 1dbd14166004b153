"""A backup of a worklist on a PostgreSQL server, and its restoring into an empty database."""

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from postgresql import PostgreSQL, new_database

from triage_node.backup import BackupFolder, Contents, Making, make_backup, restore_backup, verify_backup
from triage_node.database import care_for
from triage_node.errors import SettingsError, StorageError
from triage_node.identity import Role
from triage_node.worklist import ReceivedInstance, Worklist
from triage_node.worklist.upkeep.job_runs import JobRuns

PASSWORD = "correct horse battery staple"
INSTANCE = ReceivedInstance("1.2", "1.2.1", "1.2.1.1", "1.2", "1.2.840.10008.1.2.1", 9, 1_700_000_000.0, True)
HOSTILE = "\\N\t\\.\nCOPY x"


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("psycopg")
    with tempfile.TemporaryDirectory(prefix="triage-postgresql-") as name:
        postgresql = PostgreSQL(Path(name))
        yield postgresql.url
        postgresql.stop()


@pytest.fixture
def node(server, make_settings):
    """Settings and a worklist with a study whose name is hard to dump, a person and a token."""
    settings = make_settings(database_url=new_database(server), disk_reserve_mb=0)
    worklist = Worklist(settings)
    worklist.prepare()
    worklist.registration.register([replace(INSTANCE, patient_name=HOSTILE)])
    worklist.accounts.add("ann", Role.ADMINISTRATOR, PASSWORD)
    yield settings, worklist
    worklist.close()


@pytest.fixture
def kept(node, tmp_path):
    settings, worklist = node
    return make_backup(BackupFolder(tmp_path / "backups"), Making(settings, worklist.database, Contents.DATABASE))


def test_a_dump_is_read_through_and_restored_into_an_empty_database(node, kept, server, make_settings, tmp_path):
    rows = kept.inventory.rows
    assert (kept.inventory.database, rows["study"], rows["web_user"]) == ("postgresql", 1, 1)
    verify_backup(kept.path)
    elsewhere = make_settings(database_url=new_database(server), data_dir=tmp_path / "new", disk_reserve_mb=0)
    restored = restore_backup(kept.path, elsewhere)
    assert (restored.studies, restored.held.studies) == (1, 1)
    worklist = Worklist(elsewhere)
    try:
        [study] = worklist.study_details.worklist(1e9)
        assert study.patient_name == HOSTILE
        assert worklist.accounts.check("ann", PASSWORD, "127.0.0.1").name == "ann"
        worklist.registration.register([replace(INSTANCE, study_instance_uid="1.3")])
        worklist.installation.check((elsewhere.data_dir / "device-uid").read_text().strip())
    finally:
        worklist.close()


def test_a_database_with_tables_is_not_touched(node, kept, make_settings, tmp_path):
    settings, worklist = node
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "new"})
    with pytest.raises(StorageError, match="has tables already"):
        restore_backup(kept.path, elsewhere)
    assert worklist.study_details.studies_by_state() == {"receiving": 1}
    with pytest.raises(SettingsError, match="holds a database of postgresql, database_url names one of sqlite"):
        restore_backup(kept.path, make_settings(data_dir=tmp_path / "other"))


def test_a_damaged_dump_is_refused(kept):
    path = kept.path / "worklist.dump"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StorageError, match="is damaged"):
        verify_backup(kept.path)


def test_programs_that_are_not_installed_are_named(node, tmp_path, monkeypatch):
    settings, worklist = node
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StorageError, match="pg_dump is not installed here"):
        make_backup(BackupFolder(tmp_path / "b"), Making(settings, worklist.database, Contents.DATABASE))
    assert [path.name for path in (tmp_path / "b").iterdir()] == [".lock"]


def test_the_server_is_vacuumed_and_one_node_makes_the_daily_run(node):
    _, worklist = node
    assert care_for(worklist.database, bool) == "vacuumed and analyzed"
    other = JobRuns(worklist.database, "OTHER@elsewhere")
    day = date(2026, 6, 10)
    assert [one.begin("backup", day, 1.0) for one in (worklist.job_runs, other)] == [True, False]
