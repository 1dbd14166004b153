"""Where slices are missing: told from positions and thickness, whatever is usual in the series."""

import ct
import numpy as np
import pytest
from ct_enhanced import enhanced_ct
from ct_series import in_memory

from triage_node.imaging.completeness.gaps import find_gaps, gaps_sentence
from triage_node.imaging.completeness.usable import usable_stack

TILTED = [1, 0, 0, 0, np.cos(np.radians(18.5)), -np.sin(np.radians(18.5))]


def head(thickness_mm: float = 5.0, missing=(), slices: int = 0, **overrides):
    count = slices or round(160 / thickness_mm)
    images = ct.head_ct(slices=count, size=(32, 32), thickness_mm=thickness_mm, **overrides)
    return [ds for index, ds in enumerate(images) if index not in missing]


def gaps(datasets):
    return find_gaps(usable_stack(in_memory(datasets)).stack)


@pytest.mark.parametrize(
    ("datasets", "missing_mm"),
    [
        (lambda: head(missing=range(8, 18)), 50),
        (lambda: head(missing=range(8, 10)), 10),
        (lambda: head(0.625, range(100, 117)), 10.6),
        (lambda: head(2.5, range(30, 34)), 10),
        (lambda: head(10.0, range(7, 9)), 20),
        (lambda: head(missing=range(8, 18), SliceThickness=None), 50),
        (lambda: head(missing=range(8, 18), InstanceNumber=None), 50),
        (lambda: head(missing=range(8, 18), ImageOrientationPatient=TILTED), 50 * np.cos(np.radians(18.5))),
        (lambda: head(2.5, range(30, 34), SliceThickness=5.0), 10),
    ],
)
def test_a_hole_of_more_than_two_distances_and_10_mm_is_wide(datasets, missing_mm):
    (gap,) = gaps(datasets())
    assert gap.wide
    assert gap.missing_mm == pytest.approx(missing_mm, abs=0.1)


def test_two_holes_with_one_slice_between_them_are_two():
    found = gaps(head(missing=(*range(8, 12), *range(13, 18)), SliceThickness=None))
    assert [(gap.wide, round(gap.missing_mm)) for gap in found] == [(True, 20), (True, 25)]


@pytest.mark.parametrize("thickness_mm", [4.0, 5.0, 7.0, 10.0])
def test_one_missing_thick_slice_is_a_gap_that_is_not_wide(thickness_mm):
    (gap,) = gaps(head(thickness_mm, [8]))
    assert not gap.wide
    assert gap.missing_mm == pytest.approx(thickness_mm)


@pytest.mark.parametrize("missing", [range(1, 32, 2), range(17, 32, 2)])
def test_every_second_slice_missing_is_seen_by_the_thickness(missing):
    found = gaps(head(missing=missing))
    assert len(found) == len(missing) - 1
    assert not any(gap.wide for gap in found)


@pytest.mark.parametrize("untold", [None, 0, "", -1])
@pytest.mark.parametrize("told", [{}, {"SpacingBetweenSlices": 5.0, "InstanceNumber": None}])
def test_every_second_slice_missing_is_seen_without_a_thickness(untold, told):
    found = gaps(head(missing=range(1, 32, 2), SliceThickness=untold, **told))
    assert len(found) == 15
    assert found[0].missing_mm == pytest.approx(5)


@pytest.mark.parametrize("told", [{"InstanceNumber": None}, {"SpacingBetweenSlices": 0}, {"SpacingBetweenSlices": 10}])
def test_whole_slices_of_10_mm_without_a_thickness_have_no_gap(told):
    assert gaps(head(10.0, SliceThickness=None, **told)) == ()


def placed(steps: list[float], thickness: list[float | None]):
    images = ct.head_ct(slices=len(steps) + 1, size=(32, 32))
    for ds, z, thick in zip(images, np.cumsum([0, *steps]), [*thickness, thickness[-1]], strict=True):
        ds.ImagePositionPatient = [*ds.ImagePositionPatient[:2], float(z)]
        ds.SliceThickness = thick
    return images


@pytest.mark.parametrize(
    ("steps", "thickness"),
    [
        ([4.0] * 13 + [1.1] + [7.0] * 13, [4.0] * 14 + [7.0] * 13),
        ([2.5] * 20 + [10.0] * 10, [2.5] * 20 + [10.0] * 10),
        ([2.5] * 20 + [10.0] * 10, [None] * 30),
        ([3.0] * 12 + [7.4] * 14, [3.0] * 12 + [5.0] * 14),
        ([5.0] * 30, [10.0] * 30),
        ([5.0] * 30, [1.0] * 30),
        ([0.5] * 300, [0.6] * 300),
    ],
    ids=["uneven", "thin-below", "thin-below-unnamed", "turns", "overlapping", "sampled", "thin"],
)
def test_what_varies_within_a_whole_series_is_no_gap(steps, thickness):
    assert gaps(placed(steps, thickness)) == ()


def test_frames_of_one_instance_are_named_as_frames():
    (ds,) = enhanced_ct(slices=32, size=(32, 32))
    remaining = [groups for index, groups in enumerate(ds.PerFrameFunctionalGroupsSequence) if not 8 <= index < 18]
    ds.PerFrameFunctionalGroupsSequence, ds.NumberOfFrames = remaining, len(remaining)
    (gap,) = gaps([ds])
    assert (gap.below, gap.above, round(gap.missing_mm)) == ("frame 8", "frame 9", 50)


def test_a_gap_is_said_in_millimeters_and_images():
    assert (
        gaps_sentence(gaps(head(missing=range(8, 18))))
        == "50 mm between image 8 (at 35.0 mm) and image 19 (at 90.0 mm)."
    )
    assert "slice 8 from below" in gaps_sentence(gaps(head(missing=range(8, 18), InstanceNumber=None)))
    sentence = gaps_sentence(gaps(head(missing=[3, 4, 8, 12, 20])))
    assert sentence.startswith("25 mm in 4 places: 10 mm between image 3 (at 10.0 mm) and image 6 (at 25.0 mm); 5 mm")
    assert sentence.endswith("; 1 more.")
