import numpy as np
import pytest
from ct_defects import cropped, without_flap
from ct_phantom import LESIONS, chest_hu, head_hu
from ct_unlike import NO_HEADS

from triage_node.imaging import Volume
from triage_node.imaging.head import shows_head


def volume(hu: np.ndarray, field_mm: float, thickness_mm: float = 5.0) -> Volume:
    spacing = field_mm / hu.shape[1]
    return Volume(np.clip(hu, -1024, 3071), (thickness_mm, spacing, spacing), np.arange(len(hu)) * thickness_mm)


@pytest.mark.parametrize("lesion", [None, *LESIONS])
@pytest.mark.parametrize("size", [(64, 64), (128, 128)])
def test_a_head_is_a_head_whatever_bleeds(lesion, size):
    assert shows_head(volume(head_hu(32, size, 5.0, lesion, 0), 240))


def test_half_a_skull_missing_on_some_slices_is_still_a_head():
    hu = head_hu(32, (128, 128), 5.0, None, 0).copy()
    hu[14:24, :, 100:][hu[14:24, :, 100:] > 500] = 20
    assert shows_head(volume(hu, 240))


@pytest.mark.parametrize("degrees", [40, 60, 90, 120])
@pytest.mark.parametrize("toward", [0, 45, 90, 180, -90, -45])
def test_a_head_without_a_flap_of_skull_is_still_a_head(toward, degrees):
    whole = volume(head_hu(32, (128, 128), 5.0, None, 0), 240)
    assert shows_head(without_flap(whole, toward, degrees))


@pytest.mark.parametrize("sides", [{"right": 20}, {"front": 20}, {"back": 10, "left": 10}], ids=str)
def test_a_head_that_the_field_of_view_cuts_on_a_side_is_still_a_head(sides):
    assert shows_head(cropped(volume(head_hu(32, (128, 128), 5.0, None, 0), 240), **sides))


@pytest.mark.parametrize("name", ["chest", "abdomen", "ribs around a belly", "pelvis", "pelvis in a small field",
                                  "neck", "thighs", "knee"])  # fmt: skip
def test_another_part_of_the_body_is_no_head(name, seed):
    assert not shows_head(NO_HEADS[name](np.random.default_rng(seed)))


def test_a_chest_is_no_head():
    assert not shows_head(volume(chest_hu(20, (128, 128), 10.0), 400, 10))


def test_a_belly_is_no_head():
    hu = chest_hu(20, (128, 128), 10.0).copy()
    hu[hu == -850] = 50
    hu[:, :40][hu[:, :40] == 500] = 50  # the ribs are open in front
    assert not shows_head(volume(hu, 400, 10))


@pytest.mark.parametrize("hu", [-1000.0, 40.0, 1000.0])
def test_nothing_but_one_value_is_no_head(hu):
    assert not shows_head(volume(np.full((32, 64, 64), hu, np.float32), 240))


def test_one_slice_is_no_head():
    assert not shows_head(volume(head_hu(32, (64, 64), 5.0, None, 0)[16:17], 240))
