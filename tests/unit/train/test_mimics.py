"""Benign brightness: where it lies, and that it stays below what would be blood."""

import numpy as np
import pytest

from triage_node.train.phantom.mimics import STEPS

pytestmark = pytest.mark.slow

GRAY_HU = 35.0


def _added(anatomy, name, seed):
    (step,) = (step for step, _ in STEPS if step.__name__ == name)
    brain = np.full_like(anatomy.space.z, GRAY_HU)
    return step(brain.copy(), anatomy, np.random.default_rng(seed)) - brain


@pytest.mark.parametrize(
    ("name", "height_mm", "back_mm", "half_width_mm"),
    [("_vermis", (-65, 5), (15, 70), 20), ("_inferior_sagittal_sinus", (5, 50), (-25, 48), 8)],
)
def test_it_lies_at_the_midline_where_anatomy_has_it(bare_anatomy, seed, name, height_mm, back_mm, half_width_mm):
    added, space = _added(bare_anatomy, name, seed), bare_anatomy.space
    assert 1 < added.max() < 30
    assert added.min() >= 0
    bright = added > 0.5
    assert bright.any()
    assert height_mm[0] < space.z[bright].min() < space.z[bright].max() < height_mm[1]
    assert back_mm[0] < space.y[bright].min() < space.y[bright].max() < back_mm[1]
    assert np.abs(space.x[bright]).max() < half_width_mm
