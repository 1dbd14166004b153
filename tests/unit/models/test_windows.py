import numpy as np
import pytest

from triage_node.models.windows import OUTSIDE, Window, channel_count, channels, rim

WINDOWS = (Window(8, 80, neighbors=True), Window(48, 200))


def test_a_window_maps_its_ends_to_one():
    assert Window(8, 80).apply(np.array([-32.0, 8.0, 48.0, 500.0])).tolist() == [-1, 0, 1, 1]


def test_channels_are_the_slice_its_neighbors_and_the_wider_window():
    hu = np.stack([np.full((7, 7), value, np.float32) for value in (-32, 8, 48)])
    found = channels(hu, np.ones(hu.shape, bool), np.array([[0, 1], [0, 2], [1, 2]]), WINDOWS)
    assert found.shape == (3, 7, 7, channel_count(WINDOWS)) == (3, 7, 7, 4)
    assert found[1, 3, 3] == pytest.approx([0, -1, 1, -0.4])


def test_each_plane_is_blank_outside_its_own_mask():
    hu, mask = np.full((2, 7, 7), 8, np.float32), np.ones((2, 7, 7), bool)
    mask[1, 3, 3] = False
    found = channels(hu, mask, np.array([[0, 1], [0, 1]]), WINDOWS)
    assert found[1, 3, 3, 0] == OUTSIDE
    assert found[0, 3, 3].tolist()[:3] == [0, 0, OUTSIDE]


def test_bone_inside_and_its_partial_volume_at_the_rim_are_blank_but_blood_is_not():
    hu = np.full((1, 9, 9), 0, np.float32)
    hu[0, 4, 4], hu[0, 4, 5], hu[0, 0, 4], hu[0, 1, 4] = 100, 40, 40, 40
    found = channels(hu, np.ones(hu.shape, bool), np.array([[0, 0]]), WINDOWS)[0, ..., 0]
    assert found[4, 4] == OUTSIDE
    assert found[4, 5] == pytest.approx(0.8)
    assert found[0, 4] == OUTSIDE
    assert found[1, 4] == pytest.approx(0.8), "only the outermost pixel"


def test_the_rim_is_one_pixel_wide():
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 2:7, 2:7] = True
    assert rim(mask).sum() == 16
