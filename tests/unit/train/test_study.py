from dataclasses import replace

import cv2
import numpy as np
import pytest

from triage_node.findings import LABELS, TYPES, Label
from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.train.phantom.dicom_series import demo_recipe
from triage_node.train.phantom.head import place_head
from triage_node.train.phantom.scanner import average_subslices, brightening, scan, shading
from triage_node.train.phantom.study import (
    FIRST_TYPE,
    IN_FLUID,
    generate_study,
    random_recipe,
    random_types,
    slice_labels,
)

pytestmark = pytest.mark.slow


def test_the_same_seed_gives_the_same_study(atlas):
    first, second = (
        generate_study(atlas, demo_recipe((Label.SUBDURAL,), 64, 10.0), np.random.default_rng(5)) for _ in range(2)
    )
    assert np.array_equal(first.volume.hu, second.volume.hu)
    assert np.array_equal(first.bits, second.bits)


def test_another_seed_gives_another_head(make_study):
    assert not np.array_equal(make_study(1).volume.hu, make_study(2).volume.hu)


def test_a_plain_study_has_no_blood(make_study):
    assert make_study(1).labels.tolist() == [0] * 6
    assert not make_study(1).bits.any()


@pytest.mark.parametrize("label", TYPES)
def test_a_type_that_is_asked_for_is_there_and_no_other(make_study, label):
    study = make_study(4, label)
    expected = [int(name in (label, Label.ANY)) for name in LABELS]
    assert study.labels.tolist() == expected


@pytest.mark.parametrize("label", TYPES)
def test_blood_is_denser_than_the_same_head_without_it(make_study, label):
    study = make_study(4, label)
    inside = study.bits > 0
    lowest = 20 if label in IN_FLUID else 38  # old blood in fluid is still denser than fluid
    assert np.median(study.volume.hu[inside]) > lowest
    assert np.median(study.volume.hu[inside]) < 90


def test_tissues_have_their_hounsfield_units(make_study):
    head = strip_head(make_study(1).volume, Geometry())
    assert 22 < head.median_hu < 42
    hu = make_study(1).volume.hu
    assert hu.min() >= -1024
    assert 600 < np.percentile(hu[hu > 150], 80) < 1600
    assert (hu == np.round(hu)).all(), "a scanner stores whole numbers"


def test_the_whole_head_is_there(make_study):
    area = strip_head(make_study(1).volume, Geometry()).brain_area_cm2
    assert 110 < area.max() < 260
    assert area[-1] < 60, "the stack reaches the vertex"
    assert area[0] < 60, "and the floor of the skull"


def test_labels_follow_from_the_voxels():
    bits = np.zeros((3, 20, 20), np.uint8)
    bits[0, :5, :5] = 1 << 0
    bits[1, :2, :2] = 1 << 4
    bits[2, :5, :5] = (1 << 1) | (1 << 2)
    found = slice_labels(bits, 1.0)
    assert found.tolist() == [[1, 0, 0, 0, 0, 1], [0] * 6, [0, 1, 1, 0, 0, 1]]


def test_all_types_come_up_and_more_than_a_third_of_the_studies_are_plain(seed):
    rng = np.random.default_rng(seed)
    drawn = [random_types(rng) for _ in range(600)]
    assert {label for types in drawn for label in types} == set(TYPES)
    assert 0.33 < np.mean([not types for types in drawn]) < 0.47
    assert sum(FIRST_TYPE.values()) == pytest.approx(1)


def test_recipes_cover_poses_and_protocols(seed):
    rng = np.random.default_rng(seed)
    recipes = [random_recipe(rng) for _ in range(100)]
    assert len({recipe.slice_mm for recipe in recipes}) > 2
    assert np.std([recipe.pose.turn for recipe in recipes]) > 4
    assert max(recipe.scanner.noise_hu for recipe in recipes) > 2


def test_the_middle_of_a_head_is_darker_than_its_border_as_in_patients(atlas):
    """In 24 plain heads of patients the border is 11 HU denser (10th to 90th percentile: 8 to 14)."""
    rng, geometry = np.random.default_rng(0), Geometry()
    found = [_rise(strip_head(generate_study(atlas, random_recipe(rng, ()), rng).volume, geometry)) for _ in range(9)]
    assert 7 < np.median(found) < 14, found


def test_the_vertex_is_round_as_that_of_patients(atlas):
    """In 24 plain heads of patients the top slices fill 0.99 of their convex hull (at least 0.97)."""
    rng, geometry = np.random.default_rng(0), Geometry()
    found = [_round(strip_head(generate_study(atlas, random_recipe(rng, ()), rng).volume, geometry)) for _ in range(5)]
    assert np.median(found) > 0.955, found


def _round(head):
    """Share of their convex hull that the highest three slices of 25 cm2 or more fill."""
    shares = []
    for index in np.flatnonzero(head.brain_area_cm2 >= 25)[-3:]:
        outline = cv2.convexHull(np.argwhere(head.mask[index])[:, ::-1].astype(np.int32))
        shares.append(head.mask[index].sum() / cv2.contourArea(outline))
    return np.mean(shares)


@pytest.fixture
def plain_space(atlas):
    """A head in space, its inside, and a scanner whose shading is that of cupping alone."""
    rng = np.random.default_rng(0)
    recipe = random_recipe(rng, ())
    space = place_head(atlas, recipe.grid(), recipe.pose, rng)
    even = {"cupping_lobes": 0.0, "slope_hu": (0.0, 0.0), "vertex_hu": 0.0, "floor_hu": 0.0, "petrous_hu": 0.0}
    return space, replace(recipe.scanner, cupping_hu=0.0, **even), recipe.grid()


def test_published_densities_include_the_shading(plain_space):
    """A hematoma under the bone is not made denser than the published one by a scanner that brightens it."""
    space, even, _ = plain_space
    inside = average_subslices(space.inside_mm) > 0
    border, middle = (space.inside_mm > 0) * (space.inside_mm < 4.0), 1.0 * (space.inside_mm > 40)
    top = (space.inside_mm > 4) * (space.z > 55.0)

    def above_the_brain(part, **settings):
        shade = shading(space, replace(even, **settings), np.random.default_rng(0))
        assert shade.shape == inside.shape
        assert not shade[~inside].any()
        return brightening(part, shade, inside)

    assert 10 < above_the_brain(border, cupping_hu=20.0, cupping_mm=12.0) < 20
    assert -8 < above_the_brain(middle, cupping_hu=20.0, cupping_mm=12.0) < 0
    assert 3 < above_the_brain(top, vertex_hu=10.0) < 10
    assert abs(above_the_brain(border, slope_hu=(5.0, 5.0))) < 3
    assert above_the_brain(border) == 0
    assert above_the_brain(np.zeros_like(space.z), cupping_hu=20.0) == 0


def test_bone_shines_into_the_brain_below_it_where_the_point_spread_has_tails(plain_space):
    space, even, grid = plain_space
    quiet = replace(even, noise_hu=0.0, streaks_hu=0.0, blur_mm=0.5)
    true = np.where(space.inside_mm > 0, 30, np.where(space.inside_mm > -7, 1000, 0)).astype(np.float32)
    depth = average_subslices(space.inside_mm)
    below = (depth > 1.8) & (depth < 2.6) & (np.abs(average_subslices(space.z) - 15) < 15)

    def level(tail_share):
        scanner = replace(quiet, tail_share=tail_share, tail_mm=2.5)
        return np.median(scan(true, space, grid, scanner, np.zeros_like(depth), np.random.default_rng(1))[below])

    assert 4 < level(0.05) - level(0.0) < 25


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
