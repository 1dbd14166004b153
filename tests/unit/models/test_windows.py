import numpy as np
import pytest

from triage_node.models.windows import OUTSIDE, Window, channel_count, channels

WINDOWS = (Window(8, 80, neighbors=True), Window(48, 200))


def test_a_window_maps_its_ends_to_one():
    assert Window(8, 80).apply(np.array([-32.0, 8.0, 48.0, 500.0])).tolist() == [-1, 0, 1, 1]


def test_channels_are_the_slice_its_neighbors_and_the_wider_window():
    hu = np.stack([np.full((2, 2), value, np.float32) for value in (-32, 8, 48)])
    hu[2, 1, 0] = 100
    mask = np.ones(hu.shape, bool)
    mask[1, 0, 0] = False
    found = channels(hu, mask, np.array([[0, 1], [0, 2], [1, 2]]), WINDOWS)
    assert found.shape == (3, 2, 2, channel_count(WINDOWS)) == (3, 2, 2, 4)
    assert found[1, 1, 1] == pytest.approx([0, -1, 1, -0.4])
    assert found[1, 0, 0, 0] == OUTSIDE
    assert found[0, 0, 0, 2] == OUTSIDE, "a neighbor brings its own mask"
    assert found[2, 1, 0, 0] == OUTSIDE, "bone is no blood"
