"""Where things lie in the average head: fluid that is a ventricle, and what resembles blood."""

import numpy as np
import pytest

from triage_node.train.phantom.mimics.calcium import CALCIUM

pytestmark = pytest.mark.slow


def at(a_map, z, y, x):
    return float(a_map.at(*(np.full((1, 1, 1), place, np.float32) for place in (z, y, x)))[0, 0, 0])


@pytest.mark.parametrize("place", [(8, 27, 24), (8, 27, -24), (15, -25, 8), (5, 5, 0), (-26, 26, 0)])
def test_lateral_third_and_fourth_ventricles_are_ventricles(atlas, place):
    assert at(atlas.ventricles, *place) > 0.2, "mm inside"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("quadrigeminal cistern", (-2, 30, 0)),
        ("ambient cistern", (-10, 20, 16)),
        ("superior vermian cistern", (5, 45, 0)),
        ("interhemispheric fissure", (30, -45, 0)),
        ("insula", (7, -1, 43)),
        ("suprasellar cistern", (-14, -15, 0)),
    ],
)
def test_cisterns_and_fissures_are_none(atlas, name, place):
    assert at(atlas.ventricles, *place) < -5, f"{name}: no hydrocephalus reaches it"


def test_the_choroid_plexus_calcifies_in_the_atria_and_the_pineal_in_the_midline(atlas):
    pineal, *plexus = (place for place, _ in CALCIUM[:3])
    assert all(at(atlas.ventricles, *place) > 1 for place in plexus)
    # Source: the pineal gland lies at about MNI (0, -29, 3); y grows to the back from MNI -18 here.
    assert np.allclose(pineal, (3, 11, 0), atol=2)


def test_the_cistern_above_the_sella_is_fluid_inside_the_skull(atlas):
    # Source: the optic chiasm lies at about MNI (0, 4, -17), in fluid.
    cistern = [(z, y, x) for z in (-18, -14) for y in (-20, -14) for x in (-6, 6)]
    assert all(at(atlas.floor, *place) > 0 for place in cistern)
    assert np.mean([at(atlas.fluid, *place) for place in cistern]) > 0.4
    assert at(atlas.floor, -30, -18, 0) < 0, "the sella"
