"""What beam hardening and the point spread of a scanner add to the brain below the bone."""

from dataclasses import replace

import numpy as np
import pytest

from triage_node.train.phantom.head import place_head
from triage_node.train.phantom.scanner import brightening, scan, shading
from triage_node.train.phantom.study import random_recipe

pytestmark = pytest.mark.slow


@pytest.fixture
def plain_space(atlas):
    """A head in space, its inside, and a scanner whose shading is that of cupping alone."""
    rng = np.random.default_rng(0)
    recipe = replace(random_recipe(rng, ()), slice_mm=5.0)
    space = place_head(atlas, recipe.grid(), recipe.pose, rng)
    even = {"cupping_lobes": 0.0, "slope_hu": (0.0, 0.0), "vertex_hu": 0.0, "floor_hu": 0.0, "petrous_hu": 0.0}
    return space, replace(recipe.scanner, cupping_hu=0.0, **even), recipe.grid()


def test_published_densities_include_the_shading(plain_space):
    """A hematoma under the bone is not made denser than the published one by a scanner that brightens it."""
    space, even, grid = plain_space
    inside = grid.average(space.inside_mm) > 0
    border, middle = (space.inside_mm > 0) * (space.inside_mm < 4.0), 1.0 * (space.inside_mm > 40)
    top = (space.inside_mm > 4) * (space.z > 55.0)

    def above_the_brain(part, **settings):
        shade = shading(space, grid, replace(even, **settings), np.random.default_rng(0))
        assert shade.shape == inside.shape
        assert not shade[~inside].any()
        return brightening(part, grid, shade, inside)

    assert 10 < above_the_brain(border, cupping_hu=20.0, cupping_mm=12.0) < 20
    assert -8 < above_the_brain(middle, cupping_hu=20.0, cupping_mm=12.0) < 0
    assert 3 < above_the_brain(top, vertex_hu=10.0) < 10
    assert abs(above_the_brain(border, slope_hu=(5.0, 5.0))) < 3
    assert above_the_brain(border) == 0
    assert above_the_brain(np.zeros_like(space.z), cupping_hu=20.0) == 0


def test_bone_shines_into_the_brain_below_it_where_the_point_spread_has_tails(plain_space):
    space, even, grid = plain_space
    quiet = replace(even, noise_hu=0.0, streaks_hu=0.0, blur_mm=0.5)
    true = np.where(space.inside_mm > 0, 30, np.where(space.inside_mm > -7, 1000, 0)).astype(np.float32)
    depth = grid.average(space.inside_mm)
    below = (depth > 1.8) & (depth < 2.6) & (np.abs(grid.average(space.z) - 15) < 15)

    def level(tail_share):
        scanner = replace(quiet, tail_share=tail_share, tail_mm=2.5)
        return np.median(scan(true, space, grid, scanner, np.zeros_like(depth), np.random.default_rng(1))[below])

    assert 4 < level(0.05) - level(0.0) < 25


def test_the_brain_as_a_whole_keeps_its_level(plain_space):
    space, even, grid = plain_space
    inside = grid.average(space.inside_mm) > 0
    shade = shading(space, grid, replace(even, cupping_hu=20.0, vertex_hu=10.0, floor_hu=8.0), np.random.default_rng(0))
    assert np.ptp(shade[inside]) > 10
    assert abs(np.median(shade[inside])) < 0.01
