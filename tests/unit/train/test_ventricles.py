"""Ventricles of patients: slits in the young, wide in the old, wider still where they do not drain."""

import numpy as np
import pytest

from triage_node.train.phantom.brain import BrainStyle
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.solids import Rod
from triage_node.train.phantom.ventricles import Ventricles

pytestmark = pytest.mark.slow

GRID = Grid(np.arange(-50.0, 60, 4), 128, 1.6)


@pytest.fixture(scope="module")
def space(atlas):
    return place_head(atlas, GRID, Pose(), np.random.default_rng(3))


def volumes_ml(atlas, space, age, hydrocephalus, count=12):
    rng = np.random.default_rng(0)
    drawn = [Ventricles.random(age, hydrocephalus, rng) for _ in range(count)]
    return [float((ventricles.distance(atlas, space) > 0).sum() * GRID.voxel_ml) for ventricles in drawn]


def test_ventricles_widen_with_age_and_when_they_do_not_drain(atlas, space):
    """Published means: 20 mL at thirty, 45 at eighty; a hydrocephalus has 80 and more."""
    young, old, blocked = (
        np.median(volumes_ml(atlas, space, *of)) for of in ((0.1, False), (0.95, False), (0.5, True))
    )
    assert 4 < young < 25
    assert 25 < old < 75
    assert 60 < blocked < 160


def test_the_fourth_ventricle_leaves_room_for_the_brain_stem(atlas, space):
    wide = Ventricles(6.5, ()).distance(atlas, space) > 0
    stem = (np.abs(space.z + 30) < 6) & (np.abs(space.x) < 8) & (np.abs(space.y - 6) < 6)
    assert stem.any()
    assert not (wide & stem).any()


def test_horns_differ_from_side_to_side_and_reach_back(atlas, space):
    horn = Rod((8.0, 27.0, 24.0), (4.0, 58.0, 20.0), 4.0, 2.0)
    without, with_horn = (Ventricles(0.0, horns).distance(atlas, space) > 0 for horns in ((), (horn,)))
    added = with_horn & ~without
    assert space.y[added].max() > 52
    assert space.x[added].min() > 10, "on its own side only"
    lengths = [
        max(rod.end[1] for rod in Ventricles.random(0.5, False, np.random.default_rng(k)).horns) for k in range(20)
    ]
    assert np.ptp(lengths) > 15


def test_a_hydrocephalus_is_more_frequent_with_blood_in_the_fluid_and_narrows_the_sulci():
    rng = np.random.default_rng(1)
    plain, bloody = ([BrainStyle.random(rng, blood) for _ in range(300)] for blood in (False, True))
    wide = [[style for style in styles if style.ventricles.widening_mm > 3.5] for styles in (plain, bloody)]
    assert 4 < len(wide[0]) < 40 < len(wide[1]) < 120
    assert np.median([style.atrophy for style in wide[1]]) < np.median([style.atrophy for style in plain])
