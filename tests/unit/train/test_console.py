"""What long work says where nobody sees a bar."""

import subprocess
import sys

import pytest
from programs import WITHOUT_EXTRAS, need

from triage_node.train.commands import console
from triage_node.train.fitting.settings import FitSettings, warm_up_for, whole_epochs


def test_a_log_gets_lines_instead_of_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(console, "SAY_SECONDS", 0.0)
    with console.progress() as bar:
        assert list(bar.track(range(3), total=3, description="scoring")) == [0, 1, 2]
        task = bar.add_task("images", total=2)
        for _ in range(2):
            bar.advance(task)
        bar.advance(task, 0)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("scoring: 3 of 3, ") for line in lines)
    said = [line.rpartition(",")[0] for line in lines if line.startswith("images")]
    assert said == ["images: 1 of 2", "images: 2 of 2"]


def test_a_missing_extra_is_one_sentence(tmp_path):
    (tmp_path / "labels.csv").write_text("ID,Label\n")
    command = [need("triage-node-train"), "rsna", "labels", tmp_path / "labels.csv", "--out", tmp_path]
    environment = {"PATH": "/usr/bin:/bin", **WITHOUT_EXTRAS}
    answer = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "install triage-node with its extra [train]" in answer.stderr


@pytest.mark.parametrize(
    ("steps", "expected"), [(20000, (20000, 500)), (20011, (20049, 489)), (4, (4, 4)), (501, (502, 251))]
)
def test_epochs_are_few_and_all_alike(steps, expected):
    found = whole_epochs(steps, 500)
    assert (found["steps"], found["epoch"]) == expected
    assert FitSettings(**found).epochs == -(-steps // 500)


def test_a_short_fit_leaves_its_warm_up():
    assert [warm_up_for(steps, 200) for steps in (5, 100, 5000)] == [0, 10, 200]
