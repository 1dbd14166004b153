"""Slices shown as other scanners would: softer, sharper, turned; what is outside the skull never shines in."""

import numpy as np
import pytest

from triage_node.train.fitting.augmentation import Augmentation

SOFT = Augmentation(blur_pixels=1.5)
SHARP = Augmentation(sharpening=1.5)


@pytest.fixture
def planes():
    """Two slices of brain with grain, bone around it, and its mask."""
    rng = np.random.default_rng(3)
    inside = np.zeros((2, 40, 40), bool)
    inside[:, 8:32, 8:32] = True
    hu = np.where(inside, rng.normal(0, 5, inside.shape), 195).astype(np.float32)
    return hu, inside


def shown(augmentation, planes, tries=60):
    hu, inside = planes
    return [augmentation.focus(hu, inside, np.random.default_rng(seed)) for seed in range(tries)]


def test_softer_kernels_take_grain_and_harder_ones_add_to_it(planes):
    hu, inside = planes
    grain = hu[inside].std()
    assert min(found[inside].std() for found in shown(SOFT, planes)) < 0.4 * grain
    assert max(found[inside].std() for found in shown(SHARP, planes)) > 1.5 * grain


def test_bone_does_not_shine_into_the_brain(planes):
    _, inside = planes
    for found in shown(SOFT, planes):
        assert np.abs(found[inside]).max() < 30
        assert (found[~inside] == 195).all()


def test_some_slices_stay_as_sharp_as_they_are(planes):
    same = sum(np.array_equal(found, planes[0]) for found in shown(SOFT, planes))
    assert 0 < same < 60


def test_nothing_is_drawn_where_nothing_is_changed(planes):
    rng = np.random.default_rng(1)
    Augmentation().focus(*planes, rng)
    assert rng.random() == np.random.default_rng(1).random()


def test_some_heads_are_turned_far():
    wide = Augmentation(turn_degrees=1.0, wide_turn_degrees=60.0, mirror_share=0.0)
    turns = []
    for seed in range(300):
        matrix = wide.place((64, 64), np.random.default_rng(seed))
        turns.append(abs(np.degrees(np.arctan2(matrix[0, 1], matrix[0, 0]))))
    assert 0.03 < np.mean(np.array(turns) > 5) < 0.2
    assert max(turns) < 65
