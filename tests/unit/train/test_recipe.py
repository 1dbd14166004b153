import json

import pytest

from triage_node.errors import ModelError
from triage_node.train.recipe import DEFAULT_RECIPE, parse_recipe, read_recipe


@pytest.fixture
def content():
    return json.loads(DEFAULT_RECIPE.read_text())


def test_the_recipe_of_the_package_reads_back_as_it_was_written(content):
    recipe = read_recipe()
    assert json.loads(json.dumps(recipe.to_json()))["trunk"] == content["trunk"]
    assert parse_recipe(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_calibration_and_evaluation_keep_their_frozen_seeds():
    recipe = read_recipe()
    assert recipe.calibration.first_seed == 900000
    assert recipe.evaluation.first_seed == 950000
    assert recipe.studies.seeds.stop <= 900000


def test_branches_go_on_where_the_trunk_ends(tmp_path):
    recipe = read_recipe()
    trunk, branch = recipe.trunk_settings(), recipe.branch_settings(2, tmp_path / "last.npz")
    assert (trunk.schedule, trunk.start, trunk.imagenet) == ("constant", None, True)
    assert (branch.schedule, branch.start, branch.seed) == ("cosine", tmp_path / "last.npz", 2)
    assert trunk.geometry == branch.geometry == recipe.geometry
    assert trunk.seed not in recipe.branches.seeds


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        (None, {"trunc": {}}, "unknown entry 'trunc'"),
        (None, {"architecture": "efficientnetv2-s"}, "names the architecture 'efficientnetv2-s'; there is lesion-map"),
        ("trunk", {"steps": "many"}, "trunk.steps is wrong: input should be a valid integer, got 'many'"),
        ("trunk", {"seeds": [1, 2]}, "one seed for its trunk"),
        ("branches", {"seeds": 3}, "branches.seeds is wrong: input should be a valid array, got 3"),
        ("geometry", {"mm": 1}, "geometry has the unknown entry 'mm'"),
        ("evaluation", {"first_seed": 900100}, "same seeds in calibration and evaluation"),
        ("levels", {"negative": 2.0}, "error levels must lie between 0 and 1, got 2.0 and 0.05"),
        ("levels", {"miss": 0.1}, "levels has the unknown entry 'miss'"),
        ("studies", {"count": True}, "studies.count is wrong: input should be a valid integer, got True"),
    ],
)
def test_a_wrong_entry_is_named(content, section, change, message):
    (content if section is None else content[section]).update(change)
    with pytest.raises(ModelError, match=message):
        parse_recipe(content)


def test_a_missing_entry_and_a_broken_file_are_named(content, tmp_path):
    del content["branches"]["batch"]
    with pytest.raises(ModelError, match="branches lacks the entry 'batch'"):
        parse_recipe(content)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ModelError, match=r"broken\.json could not be read"):
        read_recipe(tmp_path / "broken.json")


def test_steps_that_epochs_do_not_divide_and_unknown_schedules_are_refused(content):
    content["trunk"].update(steps=150, epoch=100)
    with pytest.raises(ModelError, match="150 steps cannot be cut into epochs of 100"):
        parse_recipe(content).trunk_settings()
    content["trunk"].update(steps=100, schedule="linear")
    with pytest.raises(ModelError, match=r"schedule is wrong: input should be 'cosine' or 'constant', got 'linear'"):
        parse_recipe(content)
