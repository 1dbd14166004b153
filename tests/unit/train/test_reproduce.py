import json

import pytest
from typer.testing import CliRunner

from triage_node.models import parse_manifest
from triage_node.train.cli import app
from triage_node.train.recipe import DEFAULT_RECIPE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

runner = CliRunner()


@pytest.fixture
def recipe(tmp_path):
    """The recipe of the package at a size for a test."""
    content = json.loads(DEFAULT_RECIPE.read_text())
    content["geometry"] |= {"mm_per_pixel": 2.1, "rows": 96, "columns": 96}
    for stage in ("trunk", "branches"):
        content[stage] |= {"steps": 4, "epoch": 2, "batch": 4, "warm_up": 1}
    content["branches"]["seeds"] = [0, 1]
    for name, count in (("studies", 6), ("calibration", 24), ("evaluation", 8)):
        content[name]["count"] = count
    (tmp_path / "recipe.json").write_text(json.dumps(content))
    return tmp_path / "recipe.json"


def test_one_command_makes_a_model_and_does_nothing_twice(recipe, tmp_path):
    arguments = ["reproduce", str(tmp_path / "out"), "--recipe", str(recipe), "--version", "9.9.9"]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    manifest = parse_manifest(tmp_path / "out" / "model")
    assert manifest.version == "9.9.9"
    levels = json.loads(recipe.read_text())["levels"]
    assert manifest.decision is not None
    assert manifest.decision.alpha_negative == levels["negative"]
    assert manifest.decision.alpha_positive == levels["positive"]
    assert manifest.metrics
    assert manifest.recipe["trunk"] == json.loads(recipe.read_text())["trunk"]
    assert [run["seed"] for run in manifest.recipe["averaged_runs"]] == [0, 1]
    assert {run["start"] for run in manifest.recipe["averaged_runs"]} == {"trunk/last.npz"}
    assert str(tmp_path) not in (tmp_path / "out" / "model" / "manifest.json").read_text()
    again = runner.invoke(app, arguments)
    assert again.exit_code == 0, again.output
    assert again.output.count("finished before") == 8
    assert "begun" not in again.output
    assert runner.invoke(app, [*arguments[:-1], "9.9.8"]).exit_code == 1
