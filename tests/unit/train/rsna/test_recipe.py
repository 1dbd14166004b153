"""Recipes for labeled slices."""

import json

import pytest

from triage_node.errors import ModelError
from triage_node.models import ARCHITECTURES, LESION_MAP_LITE0
from triage_node.train.recipe import DEFAULT_RECIPE, read_recipe
from triage_node.train.rsna.recipe import read_rsna_recipe, shipped_recipes


@pytest.mark.parametrize(("name", "rows", "height_mm"), [("rsna-256", 256, 204.8), ("rsna-512", 512, 204.8)])
def test_shipped_recipes_are_read_by_name_and_show_the_same_head(name, rows, height_mm, tmp_path):
    recipe = read_rsna_recipe(name)
    assert (recipe.name, recipe.geometry.rows) == (name, rows)
    assert recipe.geometry.rows * recipe.geometry.mm_per_pixel == pytest.approx(height_mm)
    assert recipe.architecture in ARCHITECTURES
    assert recipe.architecture != LESION_MAP_LITE0
    assert recipe.fit.warm_up < recipe.fit.steps
    (tmp_path / "copy.json").write_text(json.dumps(recipe.to_json()))
    assert read_rsna_recipe(tmp_path / "copy.json") == recipe


def test_a_recipe_of_generated_studies_gives_its_network_and_frame():
    ours, theirs = read_rsna_recipe(), read_recipe()
    assert (ours.architecture, ours.geometry, ours.windows) == (theirs.architecture, theirs.geometry, theirs.windows)
    assert ours.fit.steps == 20000
    assert not ours.mirrored


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"architecture": "efficientnet-b7"}, "names the architecture 'efficientnet-b7'; there is lesion-map-lite0"),
        ({"augmentation": {"mixup": 0.2}}, "augmentation has the unknown entry 'mixup'"),
        ({"fit": {"balance": "luck"}}, "fit.balance"),
        ({"geometry": {"rows": 250, "columns": 224}}, "250 x 224 pixels: both must be divisible by 32"),
    ],
)
def test_a_wrong_entry_is_named(change, sentence, tmp_path):
    content = read_rsna_recipe("rsna-256").to_json()
    (tmp_path / "recipe.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(ModelError, match=sentence):
        read_rsna_recipe(tmp_path / "recipe.json")


def test_an_absent_recipe_names_those_that_are_shipped(tmp_path):
    assert DEFAULT_RECIPE.stem in shipped_recipes()
    with pytest.raises(ModelError, match=r"Shipped are lesion-map-lite0, rsna-256, rsna-512"):
        read_rsna_recipe(tmp_path / "rsna-1024")
