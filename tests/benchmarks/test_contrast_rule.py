"""How often the check for contrast turns generated heads away, plain ones and after an injection.

TRIAGE_BENCH_STUDIES makes another number of heads.
"""

import os

import numpy as np
import pytest

from triage_node.models.contrast import SMALLEST_SHARE, sinus_share
from triage_node.models.preprocessing import strip_head
from triage_node.train.phantom.atlas_cache import load_atlas
from triage_node.train.phantom.contrast import Phase, enhance, head_of
from triage_node.train.phantom.study import generate_study, random_recipe
from triage_node.train.recipe import read_recipe

HEADS = int(os.environ.get("TRIAGE_BENCH_STUDIES", 40))
FIRST_SEED = 980000


@pytest.mark.timeout(3600)
def test_heads_that_are_turned_away():
    geometry, atlas = read_recipe().geometry, load_atlas()
    shares = {name: [] for name in ("plain", "bleeding or not", *(phase.value for phase in Phase))}

    def share(study):
        return sinus_share(strip_head(study.volume, geometry), geometry.mm_per_pixel)

    for seed in range(FIRST_SEED, FIRST_SEED + HEADS):
        recipe = random_recipe(np.random.default_rng(seed), (), mm_per_pixel=geometry.mm_per_pixel)
        study, space = generate_study(atlas, recipe, np.random.default_rng(seed)), head_of(atlas, recipe, seed)
        shares["plain"].append(share(study))
        for phase in Phase:
            shares[phase.value].append(share(enhance(study, space, recipe, phase, seed)))
        rng = np.random.default_rng(seed)
        recipe = random_recipe(rng, mm_per_pixel=geometry.mm_per_pixel)
        shares["bleeding or not"].append(share(generate_study(atlas, recipe, rng)))
    for name, found in shares.items():
        away = sum(one >= SMALLEST_SHARE for one in found)
        print(f"{name}: {away} of {len(found)} turned away, greatest share of slices {max(found):.2f}")
    assert sum(one >= SMALLEST_SHARE for one in shares["plain"]) <= HEADS / 10
