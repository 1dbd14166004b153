"""The command line as its users run it: answers, exit codes, and one sentence for what is wrong."""

import json
import os
import subprocess
import sys

import pytest
from ct import head_ct, save
from ct_objects import mr_head
from programs import need, run

from triage_node import cli
from triage_node.findings import LABELS

pytestmark = pytest.mark.slow

KEYS = {
    "study_instance_uid",
    "series_instance_uid",
    "patient_id",
    "path",
    "status",
    "forced",
    "reasons",
    "model",
    "probabilities",
    "flagged",
    "uncertain",
    "decision",
    "slices",
    "seconds",
}


def triage(*arguments):
    return run("triage-node", *arguments, timeout_seconds=180)


@pytest.mark.parametrize(
    "command",
    [
        "serve", "analyze", "send", "worklist", "show", "report", "requeue", "feedback", "export", "check",
        "check-report", "rebuild", "demo",
    ],
)  # fmt: skip
def test_every_command_teaches(command):
    answer = triage(command, "--help")
    assert answer.returncode == 0
    assert len(answer.stdout) > 200


def test_help_loads_nothing_heavy():
    code = (
        "import sys, triage_node.cli\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'pydicom', 'pynetdicom', 'sqlalchemy', 'highdicom', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_listeners_process_loads_no_tensorflow():
    code = (
        "import sys, triage_node.node\n"
        "print(sorted({'tensorflow', 'keras', 'highdicom', 'scipy', 'cv2'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["analyze", "/no/such/folder"], 2, "/no/such/folder does not exist"),
        (["send", ".", "--to", "PACS"], 2, "PACS@10.0.0.5:104"),
        (["worklist"], 2, "There is no worklist in triage-data"),
        (["--config", "none.toml", "check"], 2, "none.toml does not exist"),
        (["serve", "--dicom-host", "0.0.0.0"], 2, "allowed_calling_ae_titles"),
        (["serve", "--destination", "PACS"], 2, "AET@HOST:PORT"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments, code, sentence):
    answer = triage(*arguments)
    assert answer.returncode == code
    assert sentence in " ".join(answer.stderr.replace("│", " ").split())
    assert "Traceback" not in answer.stderr


def test_a_folder_without_dicom_is_named(tmp_path):
    answer = triage("analyze", tmp_path)
    assert answer.returncode == 1
    assert answer.stderr == f"triage-node: There is no DICOM series under {tmp_path}, nor any file.\n"


def test_where_there_is_no_series_the_commonest_cause_is_named(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("nothing")
    (tmp_path / "c.dcm").touch()
    answer = triage("analyze", tmp_path, "--json")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.splitlines() == [
        f"Skipped {tmp_path / 'a.txt'}: The file is no DICOM file.",
        f"Skipped {tmp_path / 'b.txt'}: The file is no DICOM file.",
        f"Skipped {tmp_path / 'c.dcm'}: The file is empty.",
        f"triage-node: There is no DICOM series under {tmp_path}; of 3 files 2 were skipped with: "
        "The file is no DICOM file.",
    ]


@pytest.mark.slow
def test_analyze_as_json_is_what_the_interface_promises(tmp_path):
    save(head_ct(slices=60, thickness_mm=2.5, size=(128, 128)), tmp_path / "head")
    save(mr_head(), tmp_path / "mr")
    (tmp_path / "mr" / "note.txt").write_text("no image")
    answer = triage("analyze", tmp_path, "--json")
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == f"Skipped {tmp_path / 'mr' / 'note.txt'}: The file is no DICOM file.\n"
    rows = {row["status"]: row for row in json.loads(answer.stdout)}
    assert set(rows) == {"analyzed", "unsuitable"}
    head, mr = rows["analyzed"], rows["unsuitable"]
    assert set(head) >= KEYS
    assert list(head["probabilities"]) == list(LABELS)
    assert len(head["slices"]) == 60, "every source slice is there, also when slabs were averaged"
    assert list(head["slices"][0]["probabilities"]) == list(LABELS)
    assert set(head["seconds"]) == {"read", "infer"}
    assert not head["flagged"] or "any" in head["flagged"]
    assert [reason["code"] for reason in mr["reasons"]] == ["not_ct"]
    assert head["skipped"] == []
    assert mr["skipped"] == [{"path": str(tmp_path / "mr" / "note.txt"), "why": "The file is no DICOM file."}]
    assert (mr["probabilities"], mr["flagged"], mr["slices"], mr["decision"]) == (None, [], [], None)


@pytest.mark.slow
def test_analyze_draws_where_the_model_looked(tmp_path):
    save(head_ct(slices=32, size=(128, 128), lesion="intraparenchymal"), tmp_path / "head")
    triage("analyze", tmp_path / "head", "--explain", tmp_path / "look.png")
    assert (tmp_path / "look.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_force_analyzes_what_is_rejected_and_says_so(tmp_path):
    save(head_ct(slices=8, size=(128, 128), thickness_mm=15), tmp_path / "few")
    [row] = json.loads(triage("analyze", tmp_path, "--json", "--force").stdout)
    assert (row["status"], row["forced"]) == ("analyzed", True)
    assert "too_few_slices" in [reason["code"] for reason in row["reasons"]]


def test_check_names_what_fails(tmp_path):
    text = 'destinations = ["PACS@127.0.0.1:1"]\nconnect_timeout_seconds = 1\ndicom_port = 0\nweb_port = 0\n'
    (tmp_path / "node.toml").write_text(text + 'timezone = "Europe/Berlin"\ndisk_warn_mb = 0\ndisk_warn_percent = 0\n')
    answer = triage("--config", tmp_path / "node.toml", "check", "--data-dir", tmp_path / "data")
    assert answer.returncode == 1
    lines = answer.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:7]] == [
        "ok   settings",
        "ok   dicom port",
        "ok   web port",
        "ok   model",
        "ok   disk",
        "ok   database",
        "FAIL destination PACS@127.0.0.1",
    ]
    assert "Nothing listens on port 1 of 127.0.0.1: is it running" in lines[6]
    assert "ok   time zone: Europe/Berlin" in lines
    as_json = json.loads(
        triage("--config", tmp_path / "node.toml", "check", "--data-dir", tmp_path / "data", "--json").stdout
    )
    assert [one["level"] for one in as_json if one["name"].startswith("destination")] == ["failed"]
    assert {one["level"] for one in as_json} <= {"ok", "warning", "failed"}


def test_two_nodes_do_not_share_a_folder(tmp_path):
    from nodes import RunningNode

    node = RunningNode(tmp_path)
    try:
        answer = triage("--config", node.config, "serve")
        assert answer.returncode == 1
        assert "Another node uses the data folder" in answer.stderr
    finally:
        node.stop()


def test_a_closed_pipe_is_no_error(tmp_path):
    command = f"{need('triage-node')} --help | head -1"
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, env=dict(os.environ))
    assert "Traceback" not in answer.stderr


def test_what_nobody_foresaw_is_one_sentence_too(monkeypatch, capsys):
    def failing():
        raise RuntimeError("odd")

    monkeypatch.setattr(cli, "app", failing)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "This should not have happened (RuntimeError: odd); --debug shows where." in capsys.readouterr().err


def test_a_backend_that_cannot_be_loaded_is_one_sentence(tmp_path):
    save(head_ct(slices=3, size=(16, 16)), tmp_path)
    command = [need("triage-node"), "analyze", tmp_path]
    answer = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "nonsense"})
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "Keras cannot load its backend 'nonsense' (KERAS_BACKEND)" in " ".join(answer.stderr.split())
