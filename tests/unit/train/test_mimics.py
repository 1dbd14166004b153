"""Benign brightness: where it lies, and that it looks like what it is and not like blood."""

import numpy as np
import pytest

from triage_node.train.phantom.atlas_cache import AtlasName, load_atlas
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.mimics import STEPS, WITH_BLOOD, add_mimics
from triage_node.train.phantom.mimics.bony import occipital_crest, petrous_ridges
from triage_node.train.phantom.mimics.dura import above_tentorium
from triage_node.train.phantom.mimics.laying import covered
from triage_node.train.phantom.mimics.sinuses import sagittal_sinus, transverse_sinuses

pytestmark = pytest.mark.slow

GRAY_HU, BLOOD_HU = 35.0, 60.0


def _added(anatomy, step, seed, blood_hu=BLOOD_HU):
    brain, rng = np.full_like(anatomy.space.z, GRAY_HU), np.random.default_rng(seed)
    if any(step is one for one, _ in WITH_BLOOD):
        return step(brain.copy(), anatomy, blood_hu, rng) - brain
    return step(brain.copy(), anatomy, rng) - brain


def _step(name):
    return next(step for step, _ in (*STEPS, *WITH_BLOOD) if step.__name__ == name)


@pytest.mark.parametrize(
    ("name", "height_mm", "back_mm", "half_width_mm"),
    [
        ("vermis", (-65, 5), (15, 70), 20),
        ("inferior_sagittal_sinus", (5, 50), (-25, 48), 8),
        ("great_vein", (-6, 18), (12, 40), 9),
        ("straight_sinus", (-28, 18), (25, 78), 10),
    ],
)
def test_it_lies_at_the_midline_where_anatomy_has_it(bare_anatomy, seed, name, height_mm, back_mm, half_width_mm):
    added, space = _added(bare_anatomy, _step(name), seed), bare_anatomy.space
    assert 1 < added.max() < 40
    assert added.min() >= 0
    bright = added > 0.5
    assert bright.any()
    assert height_mm[0] < space.z[bright].min() < space.z[bright].max() < height_mm[1]
    assert back_mm[0] < space.y[bright].min() < space.y[bright].max() < back_mm[1]
    assert np.abs(space.x[bright]).max() < half_width_mm


@pytest.mark.parametrize("name", list(AtlasName))
def test_the_tentorium_lies_between_cerebellum_and_occipital_lobes(name):
    head = load_atlas(name)
    y, x = (axis.ravel().astype(np.float32) for axis in np.meshgrid(np.arange(30, 64, 2), np.arange(-42, 43, 2)))
    zero = np.zeros_like(y)
    sheet = -above_tentorium(HeadSpace(zero, y, x, zero))
    at, above, below = (head.gray.at(z, y, x) + head.white.at(z, y, x) for z in (sheet, sheet + 8, sheet - 8))
    assert at.mean() < 0.85 * min(above.mean(), below.mean())


def test_thin_sheets_keep_their_volume_in_thick_voxels():
    for thick in (0.5, 2.0, 4.0):
        assert covered(np.arange(-20, 20, 0.1), thick, 2.5).sum() * 0.1 == pytest.approx(thick, rel=0.05)


@pytest.mark.parametrize("step", [sagittal_sinus, transverse_sinuses])
def test_sinuses_hug_the_inner_table_and_follow_the_patients_blood(bare_anatomy, step):
    for seed in range(6):
        thin, dense = (_added(bare_anatomy, step, seed, blood_hu) for blood_hu in (50, 70))
        assert dense.max() > thin.max() + 10
        assert bare_anatomy.space.inside_mm[dense > 5].max() < 20
        assert bare_anatomy.space.inside_mm[dense > 5].min() > 0


def test_transverse_sinuses_differ_from_side_to_side(bare_anatomy):
    shares = []
    for seed in range(12):
        bright = _added(bare_anatomy, transverse_sinuses, seed) > 8
        left, right = (int((bright & (side * bare_anatomy.space.x > 0)).sum()) for side in (1, -1))
        shares.append(min(left, right) / max(left, right))
    assert min(shares) < 0.5 < max(shares)


def test_the_occipital_crest_is_bone_that_juts_in_at_the_midline(bare_anatomy):
    space, reached = bare_anatomy.space, []
    for seed in range(12):
        bone = (_added(bare_anatomy, occipital_crest, seed) > 60) & (space.inside_mm > 0)
        assert np.abs(space.x[bone]).max() < 16
        assert space.y[bone].min() > 25
        reached.append(space.inside_mm[bone].max())
    assert 1 < min(reached) < 5 < max(reached) < 12


def test_petrous_bone_shines_no_further_than_beside_it(bare_anatomy):
    for seed in range(6):
        added = _added(bare_anatomy, petrous_ridges, seed)
        assert added.max() < 130
        assert bare_anatomy.space.inside_mm[added > 10].max() < 10


def test_plain_heads_are_dense_at_the_back_of_the_midline(bare_anatomy):
    space = bare_anatomy.space
    place = (np.abs(space.x) < 12) & (space.y > 30) & (space.inside_mm > 2) & (np.abs(space.z + 5) < 30)
    brain = np.full_like(space.z, GRAY_HU)
    dense = [
        np.mean((add_mimics(brain, bare_anatomy, np.random.default_rng(seed)) - brain)[place] > 8) for seed in range(16)
    ]
    assert np.median(dense) > 0.02
    assert np.max(dense) > 2 * np.min(dense), "they vary"
    assert np.max(dense) < 0.3, "not a hematoma"
