"""Gyri and sulci, and the posterior fossa: what a reader sees at the vertex and at the base."""

import numpy as np
import pytest
from scipy import ndimage

from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.gyri import random_folds
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.study import generate_study, random_recipe

pytestmark = pytest.mark.slow

GRID = Grid(np.arange(-70.0, 80, 5), 96, 2.0)


@pytest.fixture(scope="module")
def space(atlas):
    return place_head(atlas, GRID, Pose(), np.random.default_rng(1))


def folds(space, width_mm=2.5, seed=1):
    return random_folds(space, GRID, 12.0, width_mm, np.random.default_rng(seed))


def test_sulci_stand_upright_at_the_vertex(space):
    """A sulcus of a slice near the vertex goes on in the next, 5 mm on; as far to the side it is gone."""
    sulci = folds(space).sulci
    place = (space.z > 40) & (space.inside_mm > 6) & (space.inside_mm < 12)
    upward = np.corrcoef(sulci[:-1][place[:-1]], sulci[1:][place[:-1]])[0, 1]
    sideways = np.corrcoef(sulci[..., :-2][place[..., :-2]], sulci[..., 2:][place[..., :-2]])[0, 1]
    assert upward > sideways + 0.15
    assert upward > 0.25


def test_wider_sulci_hold_more_fluid_and_the_same_seed_gives_the_same_folds(space):
    shares = [folds(space, width).sulci.mean() for width in (1.0, 2.5, 4.5)]
    assert shares == sorted(shares)
    assert shares[0] < 0.6 * shares[2]
    assert np.array_equal(folds(space).sulci, folds(space).sulci)
    assert not np.array_equal(folds(space).sulci, folds(space, seed=2).sulci)


def test_cortex_lines_the_sulci_and_the_cerebellum_has_none(space):
    found = folds(space)
    deep = (space.inside_mm > 5) & (space.z > 30)
    assert found.cortex[deep & (found.sulci > 0.9)].mean() > 0.9
    assert found.cortex[deep].mean() > found.sulci[deep].mean()
    below_tentorium = (space.z < -20) & (space.y > 20)
    assert found.sulci[below_tentorium].max() == 0
    assert found.sulci[space.inside_mm < 0].max() == 0


def test_sulci_are_as_dark_at_the_vertex_as_those_of_patients(atlas):
    """In 24 plain heads of patients the darkest twelfth of the brain there is 10 HU below its median (9 to 15)."""
    rng, geometry = np.random.default_rng(0), Geometry()
    heads = [strip_head(generate_study(atlas, random_recipe(rng, ()), rng).volume, geometry) for _ in range(6)]
    assert 7 < np.median([_contrast(head) for head in heads]) < 17


def test_fluid_lies_between_the_pons_and_the_clivus(atlas):
    """The prepontine cistern is inside the skull, in front of the brain stem."""
    line = np.arange(-20.0, 30.0, dtype=np.float32)
    at = lambda a_map: a_map.at(np.full_like(line, -44), line, np.zeros_like(line))  # noqa: E731
    inside, fluid = at(atlas.floor) > 0, at(atlas.fluid)
    first = np.flatnonzero(inside)[0]
    assert fluid[first : first + 3].mean() > 0.6
    assert (at(atlas.gray) + at(atlas.white))[first + 10] > 0.6


def _contrast(head):
    """By how many HU the darkest twelfth of the highest slices lies below their median, 4 pixels from the bone."""
    found = []
    for index in np.flatnonzero(head.brain_area_cm2 >= 25)[-4:]:
        core = ndimage.binary_erosion(head.mask[index] > 0, iterations=4)
        if core.sum() > 200:
            middle, dark = np.percentile(ndimage.uniform_filter(head.hu[index], 2)[core], [50, 8])
            found.append(middle - dark)
    return np.mean(found)
