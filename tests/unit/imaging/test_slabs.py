import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_node.imaging.slabs import slab_of_each, weights_in_slab

EXTENTS = st.lists(st.floats(0.1, 20), min_size=1, max_size=60).map(np.array)


@pytest.mark.parametrize(
    ("extent", "together"), [(0.625, 8), (1.0, 5), (1.25, 4), (2.0, 2), (2.5, 2), (3.0, 1), (5.0, 1), (7.0, 1)]
)
def test_how_many_slices_make_a_slab(extent, together):
    slab = slab_of_each(np.full(40, extent), 5.0)
    assert np.bincount(slab)[0] == together


def test_a_thin_posterior_fossa_is_averaged_and_the_rest_left_alone():
    slab = slab_of_each(np.array([2.5] * 8 + [5.0] * 4), 5.0)
    assert np.bincount(slab).tolist() == [2, 2, 2, 2, 1, 1, 1, 1]


def test_a_thin_rest_joins_the_slab_below():
    assert np.bincount(slab_of_each(np.full(11, 1.0), 5.0)).tolist() == [5, 6]


@given(extents=EXTENTS)
def test_every_slice_has_one_slab_in_order(extents):
    slab = slab_of_each(extents, 5.0)
    assert slab[0] == 0
    assert set(np.diff(slab).tolist()) <= {0, 1}


@given(extents=EXTENTS)
def test_slabs_are_not_thick_unless_one_slice_is(extents):
    slab = slab_of_each(extents, 5.0)
    thickness = np.bincount(slab, extents)
    assert np.all((thickness <= 5.25 + 2.5) | (np.bincount(slab) == 1))


@given(extents=EXTENTS)
def test_weights_of_a_slab_sum_to_one(extents):
    slab = slab_of_each(extents, 5.0)
    assert np.bincount(slab, weights_in_slab(extents, slab)) == pytest.approx(1)
