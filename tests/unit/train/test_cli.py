import numpy as np
import pytest
from typer.testing import CliRunner

from triage_node.train.cli import app

pytestmark = pytest.mark.slow

runner = CliRunner()


@pytest.mark.parametrize("command", ["phantom", "fit", "export", "calibrate", "evaluate", "adapt"])
def test_every_command_explains_itself(command):
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_a_series_is_written(tmp_path):
    arguments = ["phantom", str(tmp_path / "series"), "--dicom", "--types", "subdural", "--size", "64", "--seed", "4"]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "series").glob("*.dcm"))) > 20


@pytest.mark.parametrize(
    "arguments",
    [
        ["phantom", "out", "--dicom", "--types", "stroke"],
        ["evaluate", "default"],
        ["evaluate", "default", "--dicom", "."],
        ["evaluate", "default", "--dicom", ".", "--labels", "setup.cfg", "--also", "default", "--member", "default"],
        ["fit", "nowhere", "run"],
        ["calibrate", "default"],
        ["calibrate", "default", ".", "--site", "setup.cfg"],
        ["fit", ".", "run", "--freeze-blocks", "11"],
        ["fit", ".", "run", "--freeze-blocks", "17", "--start", "last.npz"],
    ],
)
def test_wrong_usage_is_exit_code_two(arguments):
    assert runner.invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(("option", "expected"), [("--batch-workers", 3), ("--makers", 3), ("--workers", 0)])
def test_processes_of_a_fit_are_asked_for_by_the_new_and_the_former_name(tmp_path, monkeypatch, option, expected):
    given = []
    monkeypatch.setattr("triage_node.train.fitting.fit.fit", lambda _shards, _run, settings, _: given.append(settings))
    result = runner.invoke(app, ["fit", str(tmp_path), str(tmp_path / "run"), option, "3"])
    assert result.exit_code == 0, result.output
    assert given[0].batch_workers == expected
    assert "--makers" not in runner.invoke(app, ["fit", "--help"]).output


def test_a_sheet_is_drawn(tmp_path):
    import cv2

    result = runner.invoke(app, ["phantom", str(tmp_path / "look.png"), "--sheet", "--studies", "1"])
    assert result.exit_code == 0, result.output
    assert np.mean(cv2.imread(str(tmp_path / "look.png"))) > 5
