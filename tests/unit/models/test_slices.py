import numpy as np
import pytest

from triage_node.models.slices import average_slabs, neighbors, resample, slab_of_slice


def test_neighbors_are_found_by_distance_not_by_index():
    positions = np.arange(0, 30, 1.0)
    found = neighbors(positions, 5.0)
    assert found[10].tolist() == [5, 15]
    assert found[0].tolist() == [0, 5]
    assert found[29].tolist() == [24, 29]


def test_a_slice_beside_a_gap_stands_for_its_own_neighbor():
    assert neighbors(np.array([0.0, 5.0, 25.0]), 5.0).tolist() == [[0, 1], [0, 1], [2, 2]]


def test_uneven_spacing_takes_the_nearest():
    assert neighbors(np.array([0.0, 4.0, 11.0, 12.1]), 5.0)[1].tolist() == [0, 2]


def test_a_single_slice_is_its_own_neighborhood():
    assert neighbors(np.array([3.0]), 5.0).tolist() == [[0, 0]]


@pytest.mark.parametrize(("slices", "slabs"), [(1, 1), (64, 64), (65, 33), (400, 58)])
def test_slabs_are_never_more_than_allowed(slices, slabs):
    slab = slab_of_slice(slices, 64)
    assert slab.max() + 1 == slabs <= 64
    averaged = average_slabs(np.arange(slices, dtype=float), slab)
    assert len(averaged) == slabs
    assert averaged[0] == pytest.approx(np.arange(slices)[slab == 0].mean())


def test_resampling_keeps_the_mean_and_clips_before_it_averages():
    hu = np.full((1, 8, 8), 40, np.float32)
    hu[0, :, ::2] = 3000
    out = resample(hu, (0.5, 0.5), 1.0)
    assert out.shape == (1, 4, 4)
    assert np.allclose(out, (40 + 500) / 2)
