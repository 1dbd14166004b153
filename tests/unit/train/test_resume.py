import json
from dataclasses import asdict

import numpy as np
import pytest
from programs import WITHOUT_EXTRAS, Program, need

from triage_node.findings import Label
from triage_node.models.preprocessing import Geometry
from triage_node.train.fitting.checkpoint import CHECKPOINT_FILE
from triage_node.train.recipe import DEFAULT_RECIPE
from triage_node.train.shards import record_study, write_shard

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEPS, EPOCH = 24, 4


@pytest.fixture
def shards(make_study, tmp_path):
    """A shard of two small studies, and the recipe that fits them."""
    geometry = Geometry(mm_per_pixel=2.5, rows=96, columns=64)
    records = [record_study(make_study(3, Label.EPIDURAL), geometry, 3), record_study(make_study(1), geometry, 1)]
    write_shard(tmp_path / "shard-00000000.npz", records, geometry)
    recipe = json.loads(DEFAULT_RECIPE.read_text())
    recipe["geometry"] = asdict(geometry)
    recipe["trunk"] |= {"steps": STEPS, "epoch": EPOCH, "batch": 4, "warm_up": 2}
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    return tmp_path


def start(shards, name):
    options = ["--recipe", shards / "recipe.json"]
    command = [need("triage-node-train"), "fit", shards, shards / name, *options]
    return Program(command, shards / f"{name}.log", WITHOUT_EXTRAS)


def state(shards, name):
    with np.load(shards / name / CHECKPOINT_FILE, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def test_a_fit_that_was_killed_ends_like_one_that_was_not(shards):
    whole, cut = start(shards, "whole"), start(shards, "cut")
    cut.wait_for("step 8:", 400)
    cut.kill()
    assert 2 * EPOCH <= state(shards, "cut")["progress"][1] < STEPS
    resumed = start(shards, "cut")
    resumed.wait_for(f"step {STEPS}:", 400)
    whole.wait_for(f"step {STEPS}:", 400)
    assert (resumed.process.wait(60), whole.process.wait(60)) == (0, 0)
    assert resumed.printed.count("step 4:") == 1  # both wrote to the same log: the first epochs were not repeated
    expected, found = state(shards, "whole"), state(shards, "cut")
    assert tuple(found["progress"]) == (STEPS // EPOCH, STEPS)
    for name, array in expected.items():
        if name.startswith(("weights/", "average/")):
            assert np.allclose(found[name], array, rtol=0, atol=0.02 + 0.02 * np.abs(array).max()), name
