from dataclasses import replace

import numpy as np
import pytest

from triage_node.models.skull_stripping.bone_rays import _four_directions, bone_images, directions_with_bone
from triage_node.models.skull_stripping.intracranial import _without_face, intracranial_mask
from triage_node.models.slices import resample

MM = 1.25


def mask_of(volume):
    hu = resample(volume.hu, volume.spacing_mm[1:], MM)
    return intracranial_mask(hu, bone_images(hu, MM), MM)


@pytest.mark.parametrize(
    ("lesion", "least"),
    # The film of subarachnoid blood is three pixels thick; the outermost is half bone.
    [("epidural", 0.95), ("subdural", 0.95), ("intraparenchymal", 0.99), ("subarachnoid", 0.85)],
)
def test_the_mask_keeps_a_lesion_at_the_rim(head, lesion, least):
    plain, bleeding = head(None).hu, head(lesion)
    blood = resample((np.abs(bleeding.hu - plain) > 15).astype(np.float32), bleeding.spacing_mm[1:], MM) > 0.99
    share = mask_of(bleeding)[blood].mean()
    assert share >= least, f"{share:.1%} of the {lesion} blood is inside the mask"


def test_scalp_bone_and_table_stay_outside(head):
    volume = head()
    hu = volume.hu.copy()
    hu[:, 250:253, 60:200] = 300.0
    inside = mask_of(replace(volume, hu=hu))
    resampled = resample(hu, volume.spacing_mm[1:], MM)
    assert resampled[inside].max() < 140
    assert not inside[:, :8].any()
    assert not inside[:, -20:].any()


def test_nothing_is_inside_of_nothing(head):
    assert not mask_of(replace(head(), hu=np.full((32, 256, 256), -1000, np.float32))).any()


def _disk(row, column, radius):
    y, x = np.mgrid[:120, :120]
    return (np.hypot(y - row, x - column) < radius).astype(np.uint8)


def test_what_lies_below_nothing_that_is_inside_is_face_also_when_bone_surrounds_it():
    """Bone lines the temporal muscle behind the zygoma; above it lie orbit and air, above a temporal pole brain."""
    cerebellum, pole, muscle = _disk(80, 60, 25), _disk(30, 35, 10), _disk(30, 85, 10)
    bone = sum(_disk(row, column, radius + 4) for row, column, radius in ((80, 60, 25), (30, 35, 10), (30, 85, 10)))
    mask = cerebellum | pole | muscle
    bone = ((bone > 0) & (mask == 0)).astype(np.uint8)
    above = _disk(80, 60, 28) | _disk(42, 35, 14)
    cleared = _without_face(mask, above, bone, MM)
    assert np.array_equal(cleared, cerebellum | pole)
    assert np.array_equal(_without_face(mask, np.ones_like(mask), bone, MM), mask)


def test_a_pixel_in_a_ring_sees_bone_all_around_and_one_outside_does_not():
    y, x = np.mgrid[-50:51, -50:51]
    ring = (np.abs(np.hypot(x, y) - 30) < 3).astype(np.uint8)
    seen = directions_with_bone(ring)
    assert seen[50, 50] == 12
    assert seen[50, 95] < 10
    assert directions_with_bone(np.zeros((20, 30), np.uint8)).max() == 0


def test_bone_is_seen_along_rows_and_columns_both_ways(seed):
    bone = (np.random.default_rng(seed).random((23, 17)) < 0.03).astype(np.uint8)
    seen = np.zeros(bone.shape, np.uint8)
    for row, column in np.ndindex(*bone.shape):
        rays = bone[row, : column + 1], bone[row, column:], bone[: row + 1, column], bone[row:, column]
        seen[row, column] = sum(ray.any() for ray in rays)
    assert 0 < seen.mean() < 4
    np.testing.assert_array_equal(_four_directions(bone), seen)
