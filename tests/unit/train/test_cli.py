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


def test_a_sheet_is_drawn(tmp_path):
    import cv2

    result = runner.invoke(app, ["phantom", str(tmp_path / "look.png"), "--sheet", "--studies", "1"])
    assert result.exit_code == 0, result.output
    assert np.mean(cv2.imread(str(tmp_path / "look.png"))) > 5
