"""Whether the mask knows that it failed, on the studies that come with the node."""

import numpy as np
import pytest
from ct_defects import cropped, round_field, turned, without_flap

from triage_node.imaging.volume import Volume
from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.reasons import ReasonCode

pytestmark = pytest.mark.slow

GEOMETRY = Geometry()
FIELD, DEFECT, INCOMPLETE, TURNED = (
    ReasonCode.FIELD_OF_VIEW,
    ReasonCode.SKULL_DEFECT,
    ReasonCode.BRAIN_INCOMPLETE,
    ReasonCode.HEAD_TURNED,
)


def doubts(volume):
    return [reason.code for reason in strip_head(volume, GEOMETRY).doubts]


@pytest.fixture
def whole(bundled):
    return strip_head(bundled("hemorrhage"), GEOMETRY)


@pytest.mark.parametrize("name", ["hemorrhage", "plain"])
def test_a_whole_head_is_not_doubted(bundled, name):
    assert doubts(bundled(name)) == []


@pytest.mark.parametrize(
    "sides",
    [
        {"front": 10, "back": 10, "right": 10, "left": 10},
        {"front": 20, "back": 20, "right": 20, "left": 20},
        {"front": 10},
        {"back": 20},
        {"right": 15},
        {"left": 40},
        {"front": 12, "left": 12},
        {"right": 10, "left": 10},
    ],
    ids=str,
)
def test_a_field_of_view_that_cuts_through_the_skull_is_doubted(bundled, sides):
    found = doubts(cropped(bundled("hemorrhage"), **sides))
    assert FIELD in found or INCOMPLETE in found


def test_a_field_of_view_says_in_how_many_slices_and_over_how_many_degrees_it_cuts(bundled):
    reasons = strip_head(cropped(bundled("hemorrhage"), right=20), GEOMETRY).doubts
    assert reasons[0].message.startswith("The field of view cuts through the skull. In 15 slices no bone lies before")
    assert reasons[0].message.endswith("over up to 80 degrees.")


@pytest.mark.parametrize(("radius_mm", "padding"), [(80, -1024.0), (75, 0.0), (65, -1000.0), (50, -1024.0)])
def test_a_round_field_of_view_with_padding_outside_is_doubted(bundled, radius_mm, padding):
    assert doubts(round_field(bundled("hemorrhage"), radius_mm, padding))


def test_a_field_of_view_that_cuts_scalp_only_is_not_doubted(bundled):
    assert doubts(cropped(bundled("hemorrhage"), front=-1, back=-1, right=-1, left=-1)) == []


@pytest.mark.parametrize(
    ("toward", "degrees"), [(0, 60), (0, 120), (90, 60), (90, 120), (180, 90), (180, 120), (-90, 90), (-45, 120)]
)
def test_behind_a_flap_that_is_missing_the_mask_is_mended(bundled, whole, degrees, toward):
    head = strip_head(without_flap(bundled("hemorrhage"), toward, degrees), GEOMETRY)
    assert [reason.code for reason in head.doubts] == [DEFECT]
    assert head.brain_area_cm2.sum() == pytest.approx(whole.brain_area_cm2.sum(), rel=0.15)


@pytest.mark.parametrize("bulge_mm", [-12, 0, 12])
def test_a_flap_of_the_upper_half_is_mended_also_when_the_skin_has_sunk_or_swollen(bundled, whole, bulge_mm):
    head = strip_head(without_flap(bundled("hemorrhage"), 0, 120, (0.45, 0.9), bulge_mm), GEOMETRY)
    assert [reason.code for reason in head.doubts] == [DEFECT]
    assert head.brain_area_cm2.sum() == pytest.approx(whole.brain_area_cm2.sum(), rel=0.08)


@pytest.mark.parametrize(("toward", "degrees"), [(90, 60), (60, 60), (90, 40)])
def test_a_hole_behind_below_the_vault_is_mended(bundled, whole, toward, degrees):
    head = strip_head(without_flap(bundled("hemorrhage"), toward, degrees, (0, 0.32)), GEOMETRY)
    assert [reason.code for reason in head.doubts] == [DEFECT]
    assert head.brain_area_cm2.sum() == pytest.approx(whole.brain_area_cm2.sum(), rel=0.05)


def test_brain_that_goes_on_behind_the_mask_below_the_vault_is_doubted(bundled):
    reasons = strip_head(without_flap(bundled("plain"), 0, 60, (0, 0.35)), GEOMETRY).doubts
    assert [reason.code for reason in reasons] == [INCOMPLETE]
    assert "brain goes on behind it over up to 56 degrees" in reasons[0].message


def test_a_burr_hole_is_no_defect(bundled):
    assert doubts(without_flap(bundled("hemorrhage"), 30, 14, (0.5, 0.7))) == []


def test_a_head_turned_beyond_the_limit_is_doubted_and_one_within_is_not(bundled):
    assert doubts(turned(bundled("plain"), 70)) == [TURNED]
    assert doubts(turned(bundled("plain"), 40)) == []


@pytest.mark.parametrize("degrees", [10, 45, 90])
def test_the_mask_of_a_turned_head_keeps_the_brain_and_nothing_else(bundled, whole, degrees):
    head = strip_head(turned(bundled("hemorrhage"), degrees), GEOMETRY)
    assert head.mask.sum() == pytest.approx(whole.mask.sum(), rel=0.03)


@pytest.mark.parametrize("degrees", [60, 90, -90, 120])
def test_a_head_that_lies_across_is_set_upright_with_the_forehead_in_front(bundled, whole, degrees):
    head = strip_head(turned(bundled("hemorrhage"), degrees), GEOMETRY)
    assert abs(head.axis.turn_degrees - whole.axis.turn_degrees - degrees) < 3
    assert (head.mask & whole.mask).sum() / (head.mask | whole.mask).sum() > 0.95
    inside = head.mask & whole.mask
    difference = np.abs(head.hu - whole.hu)[inside]
    assert np.median(difference) < 3, "the same head, but for what turning blurs"


def test_a_volume_too_small_is_doubted_with_its_size(bundled):
    volume = bundled("plain")
    small = Volume(volume.hu, tuple(0.85 * mm for mm in volume.spacing_mm), 0.85 * volume.positions_mm)
    reasons = strip_head(small, GEOMETRY).doubts
    assert [reason.code for reason in reasons] == [INCOMPLETE]
    assert "It measures 8" in reasons[0].message
    assert "mL" in reasons[0].message


def test_a_stack_that_ends_within_the_brain_is_not_called_too_small(bundled):
    volume = bundled("plain")
    upper = Volume(volume.hu[11:].copy(), volume.spacing_mm, volume.positions_mm[11:])
    assert np.ptp(upper.positions_mm) < 100
    assert doubts(upper) == []
