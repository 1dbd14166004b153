"""What is old is dark: it takes density away, and is where an old illness would be."""

from dataclasses import replace

import numpy as np
import pytest

from triage_node.train.phantom.brain import BrainStyle, sample_tissue
from triage_node.train.phantom.old_lesions import dark_patch, hygroma, infarct, lacunes, leukoaraiosis
from triage_node.train.phantom.ventricles import Ventricles

pytestmark = pytest.mark.slow

BRAIN_HU = 35.0


@pytest.fixture(scope="module")
def anatomy(atlas, bare_anatomy):
    rng, grid, space = np.random.default_rng(2), bare_anatomy.grid, bare_anatomy.space
    style = BrainStyle(8, 27, 35, 0.9, Ventricles.random(0.6, False, rng), 1.8, 12, 2.5, 1.0)
    tissue = sample_tissue(atlas, space, grid, style, rng)
    return replace(bare_anatomy, fluid=tissue.fluid, ventricles=tissue.ventricles)


def darkened(anatomy, step, seed):
    brain = np.full_like(anatomy.space.z, BRAIN_HU)
    return brain - step(brain.copy(), anatomy, np.random.default_rng(seed))


@pytest.mark.parametrize("step", [infarct, lacunes, leukoaraiosis, dark_patch, hygroma])
def test_it_darkens_and_never_below_fluid(anatomy, step):
    for seed in range(5):
        dark = darkened(anatomy, step, seed)
        assert dark.min() >= 0
        assert 1 < dark.max() < BRAIN_HU


def test_an_infarct_keeps_to_its_side(anatomy):
    for seed in range(8):
        dark, x = darkened(anatomy, infarct, seed), anatomy.space.x
        left, right = dark[x > 3].sum(), dark[x < -3].sum()
        assert min(left, right) == 0 < max(left, right)


def test_leukoaraiosis_is_around_the_ventricles_on_both_sides(anatomy):
    dark, space = darkened(anatomy, leukoaraiosis, 1), anatomy.space
    affected = dark > 1
    assert affected[space.x > 5].any()
    assert affected[space.x < -5].any()
    assert space.inside_mm[affected].min() > 12


def test_lacunes_are_small_and_deep(anatomy):
    for seed in range(5):
        hole = darkened(anatomy, lacunes, seed) > 3
        assert hole.sum() * anatomy.grid.voxel_ml < 2.5
        assert np.abs(anatomy.space.x[hole]).max() < 38


def test_a_hygroma_is_fluid_under_the_frontal_bone(anatomy):
    both = 0
    for seed in range(10):
        full, space = darkened(anatomy, hygroma, seed) > 19, anatomy.space
        assert full.any()
        assert space.inside_mm[full].min() >= 0
        assert space.inside_mm[full].max() < 13
        assert np.median(space.y[full]) < -10
        both += full[space.x > 2].any() and full[space.x < -2].any()
    assert 2 < both < 10
