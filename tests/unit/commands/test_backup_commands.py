"""`triage-node backup` and `triage-node restore`: what they say."""

import re

import pytest
from judged_nodes import JudgedNode
from spools import fill
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.ingest import rebuild_worklist


@pytest.fixture
def node(tmp_path):
    node = JudgedNode(tmp_path / "node")
    fill(node.spool, 2)
    rebuild_worklist(node.spool, node.worklist, ["A@h:1"])
    yield node
    node.worklist.close()


def restore(backup, folder, code=0):
    answer = CliRunner().invoke(app, ["restore", str(backup), "--data-dir", str(folder)])
    assert answer.exit_code == code, answer.output
    return answer


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ([], "no reports and no images"),
        (["--results"], "and 4 files (SIZE) of answers and reports, no images"),
        (["--spool"], "and 8 files (SIZE) of answers, reports and images"),
    ],
)
def test_what_is_and_is_not_in_a_backup_is_said(node, tmp_path, monkeypatch, option, said):
    monkeypatch.setenv("TRIAGE_DISK_RESERVE_MB", "0")
    answer = node.run("backup", "--out", tmp_path / "b", *option)
    assert answer.exit_code == 0, answer.output
    [made] = [path for path in (tmp_path / "b").iterdir() if path.name != ".lock"]
    assert f"Backup: {made}" in answer.output
    told = re.sub(r"\([\d.]+ (bytes|KiB|MiB)\)", "(SIZE)", answer.output)
    assert f"It holds 2 studies and 0 people in the database, {said}; it was read through" in told
    assert "Not in it: the settings file" in answer.output
    assert [one.action for one in node.worklist.audit_trail.latest(1)] == ["backup_made"]
    told = restore(made, tmp_path / "new").output
    assert f"Restored into {tmp_path / 'new'}: the node TRIAGE as it was at " in told
    assert "Studies: 2. Held until a person says so: 2 studies, 2 reports." in told
    assert ("move the old spool folder" in told) == (not option)
    assert "Passwords and tokens are those of that time" in told


def test_the_usual_folder_is_in_the_data_folder_or_that_of_the_settings(node, tmp_path, monkeypatch):
    assert node.run("backup").exit_code == 0
    assert len(list((node.data / "backups").glob("triage-backup-*"))) == 1
    monkeypatch.setenv("TRIAGE_BACKUP_DIR", str(tmp_path / "other"))
    assert node.run("backup").exit_code == 0
    assert len(list((tmp_path / "other").glob("triage-backup-*"))) == 1


def test_a_folder_without_a_worklist_is_said_to_have_none(tmp_path):
    answer = CliRunner().invoke(app, ["backup", "--data-dir", str(tmp_path / "nowhere")])
    assert "There is no worklist in" in str(answer.exception)
    assert not (tmp_path / "nowhere").exists()
