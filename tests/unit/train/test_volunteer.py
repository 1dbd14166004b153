"""The volunteer's anatomy: a closed skull, what a head has outside it, his own sulci, and the same labels of blood."""

from dataclasses import replace

import numpy as np
import pytest

from triage_node.findings import TYPES, Label
from triage_node.models import Geometry, strip_head
from triage_node.train.phantom.atlas_cache import AtlasName, load_atlas
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.skull import mapped as mapped_skull
from triage_node.train.phantom.study import generate_study, random_recipe
from triage_node.train.phantom.volunteer import volunteer_file
from triage_node.train.phantom.volunteer_map import GLOBE, ORIGIN, outside_hu

pytestmark = pytest.mark.slow

VOXEL_ML = 1 / 1000
GEOMETRY = Geometry(1.25, 192, 192)


@pytest.fixture(scope="module")
def volunteer():
    return load_atlas(AtlasName.VOLUNTEER)


def study_of(atlas, seed, types=()):
    rng = np.random.default_rng(seed)
    return generate_study(atlas, random_recipe(rng, types), rng)


def test_the_map_is_small_and_goes_with_its_notice():
    assert volunteer_file().stat().st_size < 4 << 20
    notice = volunteer_file().with_name("NOTICE.md").read_text()
    assert "Copyright (C) 1993-2009 Louis Collins" in notice
    assert "Permission to use, copy, modify, and distribute" in notice


def test_the_tissue_has_the_volumes_of_a_man(volunteer):
    gray, white = (one.values.sum() / 255 * VOXEL_ML for one in (volunteer.gray, volunteer.white))
    ventricles = (volunteer.ventricles.values > 0).sum() * VOXEL_ML
    assert 1100 < gray + white < 1900
    assert 10 < ventricles < 60


def test_both_anatomies_lie_in_the_same_space(volunteer, atlas):
    grid = Grid(np.arange(-30.0, 70, 5), 96, 2.0)
    inside = [place_head(one, grid, Pose(), np.random.default_rng(4)).inside_mm > 0 for one in (volunteer, atlas)]
    assert 2 * (inside[0] & inside[1]).sum() / (inside[0].sum() + inside[1].sum()) > 0.9


@pytest.mark.parametrize("seed", [100, 101, 103])
def test_the_skull_is_closed_around_a_brain_that_is_found_whole(volunteer, seed):
    rng = np.random.default_rng(seed)
    whole = replace(random_recipe(rng, ()), plain=True, size=184)
    head = strip_head(generate_study(volunteer, whole, rng).volume, GEOMETRY)
    assert not head.doubts
    assert head.brain_area_cm2.max() > 100


def test_a_face_has_air_fat_muscle_and_dense_bone(volunteer):
    face = np.meshgrid(np.arange(-60.0, 0, 2), np.arange(-100.0, 60, 2), np.arange(-70.0, 70, 2), indexing="ij")
    hu = volunteer.outside.at(*face)
    for low, high in ((-1100, -900), (-120, -60), (30, 70), (900, 2000)):
        assert np.mean((hu > low) & (hu < high)) > 0.01, (low, high)
    z, y, x = GLOBE
    eyes = volunteer.outside.at(*(np.array([value, value]) for value in (z, y)), np.array([x, -x]))
    assert eyes == pytest.approx([10, 10], abs=6)


@pytest.mark.parametrize("label", TYPES)
def test_each_type_is_labeled_as_in_the_average_head(volunteer, label):
    studies = [study_of(volunteer, seed, (Label(label),)) for seed in (7, 8, 9)]
    bit = TYPES.index(label)
    bleeding = [study for study in studies if study.labels[bit]]  # a bleed may be too small to be called one
    assert bleeding
    for study in bleeding:
        assert study.labels[:-1].sum() == 1
        assert 20 < np.median(study.volume.hu[(study.bits >> bit) & 1 > 0]) < 95


def test_his_bone_has_fractures_and_burr_holes_unless_he_is_plain(volunteer, monkeypatch):
    grid, rng = Grid(np.arange(-10.0, 70, 5), 96, 2.0), np.random.default_rng(2)
    space = place_head(volunteer, grid, Pose(), rng)
    anatomy = Anatomy(grid, space, *(np.zeros_like(space.z),) * 2, *(grid.noise(rng, mm) for mm in (5, 9, 18)))
    monkeypatch.setattr(mapped_skull, "_swelling", lambda *_: 0.0)

    def bone(plain, share):
        monkeypatch.setattr(mapped_skull, "DRILLED", share)
        monkeypatch.setattr(mapped_skull, "CRACKED", share)
        hu, again = np.full(grid.shape, 30, np.float32), np.random.default_rng(6)
        laid = mapped_skull.add_mapped_skull(hu, volunteer.outside, volunteer.vault, anatomy, again, plain)
        return int((laid > 300).sum())

    assert bone(plain=True, share=1.0) == bone(plain=False, share=0.0)
    assert 0.5 * bone(plain=False, share=0.0) < bone(plain=False, share=1.0) < bone(plain=False, share=0.0)


def test_the_same_seed_gives_the_same_head_and_another_seed_another(volunteer):
    [one, again, other] = [study_of(volunteer, seed).volume.hu for seed in (5, 5, 6)]
    assert np.array_equal(one, again)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_dark_in_t1_is_bone_around_the_brain_and_air_in_the_nose():
    shape = (150, 217, 181)
    z, y, x = (np.arange(size, dtype=np.float32) - start for size, start in zip(shape, ORIGIN, strict=True))
    away = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)
    t1 = np.select([away < 50, away < 60, away < 72], [90.0, 10.0, 200.0], 0.0).astype(np.float32)
    nose = np.sqrt((z[:, None, None] + 20) ** 2 + (y[None, :, None] + 62) ** 2 + x[None, None, :] ** 2) < 5
    t1[nose] = 3.0
    hu = outside_hu(t1, away < 50)
    assert np.median(hu[(away > 53) & (away < 57)]) > 600
    assert np.median(hu[(away > 64) & (away < 68) & ~nose]) < -60
    assert np.median(hu[nose & (away > 61)]) < -900
    assert (hu[away > 80] == -1000).all()
