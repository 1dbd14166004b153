"""Air inside the vault, holes and flaps in the bone, drains: where they lie, and that blood keeps its place."""

import numpy as np
import pytest

from triage_node.findings import Label
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.skull import damage as skull_damage
from triage_node.train.phantom.skull.bone_flap import put_back, take_out
from triage_node.train.phantom.skull.drain import add_drain
from triage_node.train.phantom.skull.vault import add_vault, burr_holes
from triage_node.train.phantom.surroundings import add_scalp

pytestmark = pytest.mark.slow

GRID = Grid(np.arange(-20.0, 60, 5), 96, 2.3)
BRAIN_HU = 30.0


@pytest.fixture(scope="module")
def anatomy(atlas):
    rng = np.random.default_rng(1)
    space = place_head(atlas, GRID, Pose(), rng)
    none = np.zeros_like(space.z)
    return Anatomy(GRID, space, none, none, *(GRID.noise(rng, mm) for mm in (5, 9, 18)))


def air(anatomy, seed, plain):
    hu = np.full(GRID.shape, BRAIN_HU, np.float32)
    vaulted, _ = add_vault(hu, anatomy, np.random.default_rng(seed), plain)
    return (vaulted < -500) & (anatomy.space.inside_mm > 0)


def test_air_lies_under_the_bone_at_the_front_in_some_heads(anatomy):
    found = [air(anatomy, seed, plain=False) for seed in range(100)]
    bubbles = [where for where in found if where.any()]
    assert 2 <= len(bubbles) <= 20
    depth = np.concatenate([anatomy.space.inside_mm[where] for where in bubbles])
    assert np.median(depth) < 6
    assert np.median(np.concatenate([anatomy.space.y[where] for where in bubbles])) < 0


def test_a_plain_head_has_no_air_inside(anatomy):
    assert not any(air(anatomy, seed, plain=True).any() for seed in range(40))


@pytest.fixture(scope="module")
def covered(anatomy):
    """A head of one density with vault and scalp, and neither fracture nor hole."""
    hu = np.full(GRID.shape, BRAIN_HU, np.float32)
    return add_scalp(*add_vault(hu, anatomy, np.random.default_rng(3), plain=True), anatomy, np.random.default_rng(3))


def bone_ml(hu):
    return (hu > 300).sum() * GRID.voxel_ml


def test_one_to_three_burr_holes_sometimes_lie_over_both_convexities(anatomy):
    places = np.flatnonzero((anatomy.space.inside_mm < 0) & (anatomy.space.inside_mm > -8))
    bone, both = anatomy.space.at(places), 0
    for seed in range(60):
        gone = ~burr_holes(anatomy.space, bone, np.random.default_rng(seed))
        assert 0 < gone.sum() < 0.02 * len(gone)
        both += (bone.x[gone] < -10).any() and (bone.x[gone] > 10).any()
    assert 5 < both < 40


def test_a_flap_taken_out_leaves_soft_tissue_where_bone_was(anatomy, covered):
    lost = []
    for seed in range(12):
        hu = covered.copy()
        take_out(hu, anatomy, (), np.random.default_rng(seed))
        lost.append(bone_ml(covered) - bone_ml(hu))
        gap = (covered > 600) & (hu < 300) & (anatomy.space.inside_mm < -1)
        assert -120 < np.median(hu[gap]) < 60
    assert min(lost) > 3
    assert max(lost) > 25


def test_a_flap_put_back_loses_little_bone_and_has_plates(anatomy, covered):
    changed = []
    for seed in range(12):
        hu = covered.copy()
        put_back(hu, anatomy, (), np.random.default_rng(seed))
        assert 0 < bone_ml(covered) - bone_ml(hu) < 0.15 * bone_ml(covered)
        changed.append((hu.max() > covered.max() + 100, (hu < -500)[anatomy.space.inside_mm > 1].any()))
    plates, air_below = np.mean(changed, axis=0)
    assert plates > 0.6
    assert 0.2 < air_below < 1


def test_a_drain_runs_from_the_bone_to_a_ventricle(anatomy, covered):
    ventricles = (anatomy.space.distance(15, -5, 12) < 8).astype(np.float32)
    with_ventricle = Anatomy(GRID, anatomy.space, *(ventricles,) * 2, anatomy.fine, anatomy.medium, anatomy.coarse)
    found = []
    for seed in range(12):
        hu = covered.copy()
        add_drain(hu, with_ventricle, np.random.default_rng(seed))
        tube = (hu > BRAIN_HU + 20) & (anatomy.space.inside_mm > 2)
        found.append(tube.sum() * GRID.voxel_ml)
        assert found[-1] < 3
    assert np.mean(np.array(found) > 0.1) > 0.7


def test_blood_keeps_its_place_and_stays_as_hidden_as_it_was(anatomy, covered, monkeypatch):
    """Air may take the place of blood; soft tissue, which the labels do not tell from it, may not."""
    blood = ((anatomy.space.inside_mm > -1) & (anatomy.space.inside_mm < 15)).astype(np.float32)
    lesion = Lesion(Label.SUBDURAL, blood, 60.0)
    kept = (blood > 0) & (anatomy.space.inside_mm > 0)
    for name in ("FLAP_OUT", "FLAP_BACK", "DEPRESSED"):
        monkeypatch.setattr(skull_damage, name, 1 / 3)
    monkeypatch.setattr(skull_damage, "DRAINED", 0.0)
    let_in = 0
    for seed in range(15):
        hu = covered.copy()
        skull_damage.add_damage(hu, anatomy, [lesion], np.random.default_rng(seed))
        changed = kept & (hu != covered)
        assert (hu[changed] < covered[changed]).all()
        assert np.median(hu[changed]) < -500 if changed.any() else True
        let_in += changed.any()
    assert 0 < let_in < 8
