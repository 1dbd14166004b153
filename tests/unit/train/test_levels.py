"""Gray values, fluid and shape of plain generated heads beside those of 24 plain heads of patients."""

import cv2
import numpy as np
import pytest

from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.train.phantom.study import generate_study, random_recipe

pytestmark = pytest.mark.slow

HEADS = 15
# Deeper than this below the bone, neither partial volume with it nor dura counts.
DEEP_PIXELS = 6
# Fluid, or what is half of it, is darker than the brain's median by this.
FLUID_HU = -10


@pytest.fixture(scope="module")
def heads(atlas):
    """Plain heads, stripped, with the distance of their slices in mm."""
    rng, made = np.random.default_rng(0), []
    for _ in range(HEADS):
        volume = generate_study(atlas, random_recipe(rng, ()), rng).volume
        head = strip_head(volume, Geometry())
        made.append((head, volume.spacing_mm[0] * len(volume.hu) / len(head.hu)))
    return made


def _deep_hu(head, slice_mm, from_mm, to_mm):
    """HU of what lies so far below the highest slice of 25 cm2 or more, and well below the bone."""
    top = np.flatnonzero(head.brain_area_cm2 >= 25)[-1]
    found = [np.empty(0, np.float32)]
    for index in range(top + 1):
        if from_mm <= (top - index) * slice_mm < to_mm:
            depth = cv2.distanceTransform(head.mask[index].astype(np.uint8), cv2.DIST_L2, 5)
            found.append(head.hu[index][depth > DEEP_PIXELS])
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("from_mm", "to_mm", "lowest", "highest"),
    [(0, 10, 3.4, 10.8), (10, 20, 1.2, 4.3), (40, 50, -3.1, -1.8), (70, 80, -2.2, 0.4), (90, 100, 0.7, 5.3)],
)
def test_the_level_of_the_brain_falls_and_rises_from_vertex_to_base_as_in_patients(
    heads, from_mm, to_mm, lowest, highest
):
    """The limits are the 10th and 90th percentile of patients, a unit of HU more to both sides."""
    found = [np.median(hu) for head, mm in heads if (hu := _deep_hu(head, mm, from_mm, to_mm)).size > 200]
    assert len(found) > HEADS / 2
    assert lowest - 1 < np.median(found) < highest + 1, found


@pytest.mark.parametrize(
    ("from_mm", "to_mm", "lowest", "highest"), [(40, 60, 0.06, 0.17), (60, 80, 0.04, 0.12), (80, 100, 0.025, 0.09)]
)
def test_ventricles_and_basal_cisterns_are_as_dark_and_wide_as_in_patients(heads, from_mm, to_mm, lowest, highest):
    """The limits are the 10th and 90th percentile of patients."""
    found = [np.mean(_deep_hu(head, mm, from_mm, to_mm) < FLUID_HU) for head, mm in heads]
    assert lowest < np.median(found) < highest, found


def test_a_head_has_the_level_of_patients(heads):
    """Patients have 35 HU at the median (5th to 95th percentile: 32 to 38)."""
    assert 29 < np.median([head.median_hu for head, _ in heads]) < 38


def test_the_middle_of_a_head_is_darker_than_its_border_as_in_patients(heads):
    """In patients the border is 11 HU denser (10th to 90th percentile: 8 to 14)."""
    found = [_rise(head) for head, _ in heads]
    assert 7 < np.median(found) < 14, found


def test_the_vertex_is_round_as_that_of_patients(heads):
    """In patients the top slices fill 0.99 of their convex hull (at least 0.97)."""
    found = [_round(head) for head, _ in heads]
    assert np.median(found) > 0.955, found


def _round(head):
    """Share of their convex hull that the highest three slices of 25 cm2 or more fill."""
    shares = []
    for index in np.flatnonzero(head.brain_area_cm2 >= 25)[-3:]:
        outline = cv2.convexHull(np.argwhere(head.mask[index])[:, ::-1].astype(np.int32))
        shares.append(head.mask[index].sum() / cv2.contourArea(outline))
    return np.mean(shares)


def _rise(head):
    """HU that 2 to 4 mm below the bone are above those that lie 25 mm deep."""
    pixel_mm, border, middle = Geometry().mm_per_pixel, [], []
    for image, inside in zip(head.hu, head.mask, strict=True):
        if inside.sum() * pixel_mm**2 < 100 * 100:
            continue
        depth = pixel_mm * cv2.distanceTransform(np.pad(inside.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        if depth.max() <= 25:
            continue
        border.append(np.median(image[(depth > 2) & (depth < 4)]))
        middle.append(np.median(image[depth > 25]))
    return np.mean(border) - np.mean(middle)
