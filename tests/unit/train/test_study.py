import numpy as np
import pytest
from threadpoolctl import threadpool_info

from triage_node.findings import LABELS, TYPES, Label
from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.train.phantom import study as study_module
from triage_node.train.phantom.dicom_series import demo_recipe
from triage_node.train.phantom.skull.vault import add_vault
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


def test_one_thread_multiplies_matrices(monkeypatch):
    """With all threads of two processes at it, a head took three times as much processor time."""
    found = []
    monkeypatch.setattr(study_module, "_generate", lambda *_: found.extend(threadpool_info()))
    generate_study(None, None, None)
    threads = [pool["num_threads"] for pool in found if pool["user_api"] == "blas"]
    assert threads
    assert set(threads) == {1}


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


EVERYTHING = (-np.inf, np.inf)


def test_what_looks_like_bone_or_air_is_not_labeled_as_blood(atlas, monkeypatch):
    recipe = demo_recipe((Label.EPIDURAL, Label.SUBARACHNOID), 128, 5.0)
    labeled = generate_study(atlas, recipe, np.random.default_rng(20))
    monkeypatch.setattr(study_module, "READABLE_HU", EVERYTHING)
    with_hidden = generate_study(atlas, recipe, np.random.default_rng(20))
    hidden = (with_hidden.bits > 0) & (labeled.bits == 0)
    assert hidden.any()
    hu = labeled.volume.hu[hidden] - recipe.scanner.offset_hu
    assert ((hu >= 110) | (hu <= -20)).all()


def test_what_bone_takes_the_place_of_is_no_blood(atlas, monkeypatch):
    monkeypatch.setattr(study_module, "READABLE_HU", EVERYTHING)
    recipe = demo_recipe((Label.EPIDURAL, Label.SUBARACHNOID), 128, 5.0)
    labeled = generate_study(atlas, recipe, np.random.default_rng(20))
    monkeypatch.setattr(study_module, "BONE_HU", np.inf)
    with_bone = generate_study(atlas, recipe, np.random.default_rng(20))
    assert np.array_equal(labeled.volume.hu, with_bone.volume.hu)
    left_out = (with_bone.bits > 0) & (labeled.bits == 0)
    assert left_out.any()
    assert np.median(labeled.volume.hu[left_out]) > 150 > np.median(labeled.volume.hu[labeled.bits > 0])


def test_what_air_takes_the_place_of_is_no_blood(atlas, monkeypatch):
    """A bubble seldom meets a hematoma, so here the front half of the head is filled with air."""

    def add_vault_and_air(hu, anatomy, rng, plain):
        hu, below_bone_mm = add_vault(hu, anatomy, rng, plain)
        return np.where((anatomy.space.inside_mm > 0) & (anatomy.space.y < 10), -1000, hu), below_bone_mm

    monkeypatch.setattr(study_module, "READABLE_HU", EVERYTHING)
    recipe = demo_recipe((Label.SUBDURAL,), 96, 6.0)
    whole = generate_study(atlas, recipe, np.random.default_rng(11))
    monkeypatch.setattr(study_module, "add_vault", add_vault_and_air)
    half = generate_study(atlas, recipe, np.random.default_rng(11))
    assert 0 < (half.bits > 0).sum() < (whole.bits > 0).sum()
    assert np.median(half.volume.hu[half.bits > 0]) > 30
    assert np.median(half.volume.hu[(whole.bits > 0) & (half.bits == 0)]) < -500


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
