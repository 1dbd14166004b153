import random

import ct
import numpy as np
import pytest
from ct_series import in_memory

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.frame import frames_of
from triage_node.imaging.stacking import build_stack

TILTED = [1, 0, 0, 0, np.cos(np.radians(18.5)), -np.sin(np.radians(18.5))]


def arranged(datasets, strict: bool = True):
    return build_stack([frame for one in in_memory(datasets).instances for frame in frames_of(one)], strict)


def code_of(datasets) -> str:
    with pytest.raises(UnsuitableSeries) as refusal:
        arranged(datasets)
    return refusal.value.reasons[0].code.value


def numbers(stack) -> list[int]:
    return [int(frame.instance.header.InstanceNumber) for frame in stack.frames]


def moved(datasets, mm: float):
    for ds in datasets:
        x, y, z = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, y, z + mm]
    return datasets


def test_slices_are_sorted_by_position_not_by_number():
    slices = ct.head_ct(slices=12)
    for index, ds in enumerate(slices):
        ds.InstanceNumber = 100 - index
    random.Random(1).shuffle(slices)
    stack = arranged(slices)
    assert stack.positions_mm.tolist() == [5.0 * index for index in range(12)]
    assert numbers(stack) == list(range(100, 88, -1))


@pytest.mark.parametrize(
    ("orientation", "tilt"),
    [([1, 0, 0, 0, 1, 0], 0), (TILTED, 18.5), ([1, 0, 0, 0, TILTED[4], -TILTED[5]], -18.5), ([-1, 0, 0, 0, -1, 0], 0)],
)
def test_tilt_is_measured_from_the_orientation(orientation, tilt):
    slices = ct.head_ct(slices=4, ImageOrientationPatient=orientation, GantryDetectorTilt=0)
    assert arranged(slices).tilt_degrees == pytest.approx(tilt, abs=0.01)


def test_positions_run_along_the_tilted_normal():
    stack = arranged(ct.head_ct(slices=4, ImageOrientationPatient=TILTED))
    assert np.diff(stack.positions_mm) == pytest.approx(5 * np.cos(np.radians(18.5)))


def test_a_hidden_localizer_is_dropped():
    slices = ct.head_ct(slices=12)
    hidden = ct.head_ct(slices=1, seed=9, ImageOrientationPatient=[0, 1, 0, 0, 0, -1], Rows=128)
    assert len(arranged(slices + hidden).frames) == 12
    named = ct.head_ct(slices=1, seed=9, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    assert len(arranged(slices + named).frames) == 12


def test_mixed_orientations_are_refused():
    slices = ct.head_ct(slices=12)
    for ds in slices[:5]:
        ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    assert code_of(slices) == "mixed_orientation"
    assert len(arranged(slices, strict=False).frames) == 7


def test_a_few_slices_of_another_tilt_are_not_lost_silently():
    slices = ct.head_ct(slices=20)
    slices[0].ImageOrientationPatient = TILTED
    assert code_of(slices) == "mixed_orientation"


def test_every_slice_its_own_orientation_is_refused_quickly():
    slices = ct.head_ct(slices=64, size=(32, 32))
    for index, ds in enumerate(slices):
        angle = np.radians(5 * index)
        ds.ImageOrientationPatient = [np.cos(angle), np.sin(angle), 0, -np.sin(angle), np.cos(angle), 0]
    assert code_of(slices) == "mixed_orientation"


@pytest.mark.parametrize(
    "overrides",
    [
        {"ImagePositionPatient": None},
        {"ImageOrientationPatient": None},
        {"PixelSpacing": None},
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        {"ImagePositionPatient": [1e8, 0, 0]},
    ],
)
def test_unusable_positions_are_refused(overrides):
    assert code_of(ct.head_ct(slices=3, **overrides)) == "no_positions"


def test_no_slices_are_no_images():
    assert code_of(ct.head_ct(slices=1, Rows=None)) == "no_images"


def test_of_a_doubled_position_the_first_is_kept():
    slices, again = ct.head_ct(slices=12), ct.head_ct(slices=12, seed=3)
    for ds in again:
        ds.InstanceNumber += 100
    assert numbers(arranged(again + slices)) == list(range(1, 13))


def test_acquisitions_that_continue_one_another_are_joined():
    slices = ct.head_ct(slices=12)
    for index, ds in enumerate(slices):
        ds.AcquisitionNumber = 1 + index // 2
    assert len(arranged(slices).frames) == 12


def test_acquisitions_that_overlap_a_little_are_joined():
    low, high = ct.head_ct(slices=12), moved(ct.head_ct(slices=12, seed=2, AcquisitionNumber=2), 52)
    assert len(arranged(low + high).frames) == 24


def test_of_repeated_acquisitions_the_longest_is_taken():
    aborted = moved(ct.head_ct(slices=8, seed=2, AcquisitionNumber=1), 1)
    complete = ct.head_ct(slices=20, AcquisitionNumber=2)
    stack = arranged(aborted + complete)
    assert {frame.acquisition for frame in stack.frames} == {"2"}
    assert len(stack.frames) == 20


def test_two_kernels_of_one_scan_are_not_mixed():
    soft, sharp = ct.head_ct(slices=12), moved(ct.head_ct(slices=12, seed=2, ConvolutionKernel="BONE"), 2.5)
    assert len({frame.kernel for frame in arranged(soft + sharp).frames}) == 1


def test_another_field_of_view_elsewhere_is_not_lost_silently():
    low = ct.head_ct(slices=12)
    high = moved(ct.head_ct(slices=20, seed=2, PixelSpacing=[0.5, 0.5]), 60)
    assert code_of(low + high) == "mixed_acquisitions"
    assert len(arranged(low + high, strict=False).frames) == 20


def test_coverage_does_not_count_what_is_missing():
    slices = ct.head_ct(slices=20)
    assert arranged(slices).coverage_mm == pytest.approx(100)
    assert arranged(slices[:5] + slices[15:]).coverage_mm < 75


def test_one_slice_has_the_extent_of_its_thickness():
    stack = arranged(ct.head_ct(slices=1, SliceThickness=4))
    assert (stack.spacing_mm, stack.coverage_mm) == (4, 4)


@pytest.mark.parametrize("digits", [1, 2, 3, 6])
@pytest.mark.parametrize("degrees", [0, 5, 10, 14, 20, 25])
def test_rounded_cosines_are_the_same_plane(degrees, digits):
    cosine, sine = (round(float(f(np.radians(degrees))), digits) for f in (np.cos, np.sin))
    stack = arranged(ct.head_ct(slices=4, ImageOrientationPatient=[1, 0, 0, 0, cosine, -sine]))
    assert len(stack.frames) == 4
    assert np.linalg.norm(stack.column) == pytest.approx(1)
    assert abs(stack.tilt_degrees) == pytest.approx(degrees, abs=1 if digits > 1 else 3)


@pytest.mark.parametrize(
    "orientation", [[1, 0, 0, 0, 0.9, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0.2, 1, 0], [2, 0, 0, 0, 2, 0]]
)
def test_what_is_no_pair_of_directions_is_no_orientation(orientation):
    assert code_of(ct.head_ct(slices=4, ImageOrientationPatient=orientation)) == "no_positions"
