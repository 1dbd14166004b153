"""Air inside the vault: at the front of a lying patient, under the bone, and never in a plain head."""

import numpy as np
import pytest

from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.skull import add_vault

pytestmark = pytest.mark.slow

GRID = Grid(np.arange(-20.0, 60, 5), 96, 2.3)
BRAIN_HU = 30.0


@pytest.fixture(scope="module")
def anatomy(atlas):
    rng = np.random.default_rng(1)
    space = place_head(atlas, GRID, Pose(), rng)
    none = np.zeros_like(space.z)
    return Anatomy(GRID, space, none, none, *(GRID.noise(rng, mm) for mm in (5, 9, 18)))


def air(anatomy, seed, plain):
    hu = np.full(GRID.shape, BRAIN_HU, np.float32)
    vaulted, _ = add_vault(hu, anatomy, np.random.default_rng(seed), plain)
    return (vaulted < -500) & (anatomy.space.inside_mm > 0)


def test_air_lies_under_the_bone_at_the_front_in_some_heads(anatomy):
    found = [air(anatomy, seed, plain=False) for seed in range(100)]
    bubbles = [where for where in found if where.any()]
    assert 2 <= len(bubbles) <= 20
    depth = np.concatenate([anatomy.space.inside_mm[where] for where in bubbles])
    assert np.median(depth) < 6
    assert np.median(np.concatenate([anatomy.space.y[where] for where in bubbles])) < 0


def test_a_plain_head_has_no_air_inside(anatomy):
    assert not any(air(anatomy, seed, plain=True).any() for seed in range(40))
