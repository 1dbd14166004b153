"""`triage-node rebuild`: the way out of a lost or damaged worklist."""

import sqlite3
import time

import pytest
from programs import run
from spools import fill

from triage_node.config import read_settings
from triage_node.ingest import rebuild_worklist
from triage_node.storage import Spool, hold
from triage_node.worklist import Worklist

pytestmark = pytest.mark.slow
STUDIES = 4


@pytest.fixture
def data(make_settings, make_worklist):
    """The data folder of a node that was stopped, its spool full and its worklist made."""
    settings = make_settings()
    spool, worklist = Spool(settings.data_dir / "spool"), make_worklist(settings, time.time)
    fill(spool, STUDIES)
    rebuild_worklist(spool, worklist, [])
    worklist.close()
    return settings.data_dir


def rebuild(folder, *options):
    return run("triage-node", "rebuild", "--data-dir", folder, *options)


def studies(folder):
    worklist = Worklist(read_settings(data_dir=folder))
    rows = worklist.study_details.worklist(1e9)
    worklist.close()
    return rows


def aside(folder):
    return sorted(folder.glob("worklist.set-aside-*.sqlite"))


def test_a_damaged_file_is_set_aside_and_the_worklist_rebuilt(data):
    file = data / "worklist.sqlite"
    content = bytearray(file.read_bytes())
    content[:100] = bytes(100)
    file.write_bytes(content)
    listed = run("triage-node", "worklist", "--data-dir", data)
    assert (listed.returncode, "triage-node rebuild" in listed.stderr) == (1, True)
    answer = rebuild(data)
    assert answer.returncode == 0, answer.stderr
    [copy] = aside(data)
    assert copy.read_bytes() == content
    assert str(copy) in answer.stdout
    assert "Studies rebuilt: 4, all held" in answer.stdout
    assert "tokens" in answer.stdout, "what is lost is said"
    assert "user add" in answer.stdout
    assert len(studies(data)) == STUDIES
    assert all(row.held for row in studies(data))


def test_a_whole_file_stays_and_gets_what_it_lacks(data):
    with sqlite3.connect(data / "worklist.sqlite") as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("DELETE FROM study WHERE id IN (SELECT id FROM study LIMIT 1)")
    connection.close()
    answer = rebuild(data)
    assert "Studies rebuilt: 1, all held until a person says so; 3 were in the worklist already." in answer.stdout
    assert aside(data) == []
    answer = rebuild(data, "--set-aside")
    assert "Studies rebuilt: 4" in answer.stdout
    assert len(aside(data)) == 1


def test_it_is_refused_while_a_node_runs_on_the_folder(data):
    lock = hold(data)
    answer = rebuild(data, "--set-aside")
    lock.close()
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == f"triage-node: A node runs on {data}; stop it, then rebuild.\n"
    assert len(studies(data)) == STUDIES


def test_a_wrong_folder_is_no_data_folder_and_is_not_made_one(tmp_path):
    answer = rebuild(tmp_path / "elsewhere")
    assert answer.returncode == 2
    assert "--data-dir" in answer.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_left_out_is_named_and_the_exit_code_tells(data):
    damaged = sorted((data / "spool/studies").rglob("outcome.json"))[0]
    damaged.write_bytes(b"")
    answer = rebuild(data, "--set-aside")
    assert answer.returncode == 1
    assert str(damaged.relative_to(data / "spool").parent) in answer.stderr
    assert len(studies(data)) == STUDIES
