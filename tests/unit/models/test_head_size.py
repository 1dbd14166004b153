"""Heads of every size are shown alike, and what is said of them stays that of the head."""

from dataclasses import replace

import numpy as np
import pytest

from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.models.skull_stripping.head_size import LIMITS, WIDEST_MM, magnification

AREA, EXTENTS = np.array([40.0, 120, 180, 200, 200, 190, 140, 60]), np.full(8, 10.0)
AS_IT_IS = Geometry()
SHOWN = replace(AS_IT_IS, shown_area_cm2=150.0)


def resized(volume, factor):
    spacing = tuple(mm * factor for mm in volume.spacing_mm)
    return replace(volume, spacing_mm=spacing, positions_mm=volume.positions_mm * factor)


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.1])
def test_a_head_is_shown_as_large_as_is_asked_for(factor):
    assert magnification(AREA * factor**2, EXTENTS * factor, 190.0) == pytest.approx(0.983 / factor, abs=0.01)


@pytest.mark.parametrize(("area", "expected"), [(5.0, LIMITS[1]), (2000.0, LIMITS[0])])
def test_no_head_is_shown_much_larger_or_smaller_than_it_is(area, expected):
    assert magnification(np.full(8, area), EXTENTS, 190.0) == expected


def test_one_torn_slice_hardly_changes_the_size():
    torn = AREA.copy()
    torn[3] = 0
    assert magnification(torn, EXTENTS, 190.0) == pytest.approx(magnification(AREA, EXTENTS, 190.0), rel=0.03)


@pytest.mark.parametrize("thinner", [1, 2, 5, 16])
def test_thin_slices_tell_the_same_size(thinner):
    thin = magnification(np.repeat(AREA, thinner), np.repeat(EXTENTS / thinner, thinner), 190.0)
    assert thin == pytest.approx(magnification(AREA, EXTENTS, 190.0))


def test_a_head_of_which_little_is_shown_keeps_its_size():
    few = int(WIDEST_MM / 10) - 1
    assert magnification(AREA[:few], EXTENTS[:few], 190.0) == 1
    assert magnification(AREA, EXTENTS, None) == 1


@pytest.mark.parametrize("factor", [0.9, 1.15])
def test_a_larger_or_smaller_head_gives_nearly_the_same_input(head, factor):
    volume = head("intraparenchymal")
    usual, other = strip_head(volume, SHOWN), strip_head(resized(volume, factor), SHOWN)
    as_it_is = strip_head(resized(volume, factor), AS_IT_IS)
    differ, unlike = ((usual.mask ^ found.mask).sum() / usual.mask.sum() for found in (other, as_it_is))
    assert differ < 0.04 < unlike
    assert other.shown_slice_mm == pytest.approx(usual.shown_slice_mm, rel=0.02)


def test_areas_and_heights_are_those_of_the_head(head):
    volume = head()
    as_it_is, shown = strip_head(volume, AS_IT_IS), strip_head(volume, SHOWN)
    assert (as_it_is.magnification, as_it_is.shown_slice_mm) == (1, as_it_is.slice_mm)
    assert shown.magnification != 1
    assert shown.slice_mm == as_it_is.slice_mm
    assert np.allclose(shown.brain_area_cm2, as_it_is.brain_area_cm2, rtol=0.02, atol=1)
    picture_cm2 = shown.mask.sum(axis=(1, 2)) * SHOWN.mm_per_pixel**2 / 100
    assert np.sort(picture_cm2)[-6:].mean() == pytest.approx(150, rel=0.02)
