import numpy as np
import pytest
from scipy import ndimage

from triage_node.train.phantom.atlas import Map
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.lesion import level_for_volume
from triage_node.train.phantom.solids import Ellipsoid, Rod

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("outside", [0.0, -7.5, None])
def test_sampling_agrees_with_scipy(outside):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(7, 9, 11)).astype(np.float32)
    positions = [rng.uniform(-4, size + 3, (5, 6)).astype(np.float32) for size in values.shape]
    found = Map(values, (1.0, 2.0, 3.0), 2.0, outside).at(*positions)
    index = [axis / 2 + start for axis, start in zip(positions, (1, 2, 3), strict=True)]
    edge = {"mode": "nearest"} if outside is None else {"mode": "constant", "cval": outside}
    expected = ndimage.map_coordinates(values, index, np.float32, order=1, **edge)
    assert found.shape == (5, 6)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("asked_ml", [0.5, 5.0, 40.0])
def test_a_level_leaves_the_volume_above_it(asked_ml):
    grid = Grid(np.arange(0.0, 100, 2.5), 64, 2.0)
    rng = np.random.default_rng(4)
    score, room = rng.normal(size=grid.shape), np.full(grid.shape, 0.8)
    level = level_for_volume(score, room, asked_ml, grid)
    assert room[score >= level].sum() * grid.voxel_ml == pytest.approx(asked_ml, rel=0.05)


def test_there_is_no_level_without_room():
    grid = Grid(np.arange(0.0, 10, 2.5), 8, 2.0)
    assert level_for_volume(np.zeros(grid.shape), np.zeros(grid.shape), 1.0, grid) is None


@pytest.mark.parametrize(
    "body", [Ellipsoid((0, 20, -15), (6, 12, 9)), Rod((-20, 0, 5), (30, 40, 5), 2.0, 6.0)], ids=["ellipsoid", "rod"]
)
def test_the_box_of_a_body_leaves_none_of_it_outside(head_space, body):
    margin_mm = 2.0
    box = head_space.box(*body.corners(margin_mm))
    near = body.distance(head_space) < margin_mm
    assert near.any()
    near[box] = False
    assert not near.any()


@pytest.fixture(scope="module")
def head_space(atlas):
    return place_head(atlas, Grid(np.arange(-50.0, 80, 5), 96, 2.3), Pose(8, -6, 3), np.random.default_rng(5))
