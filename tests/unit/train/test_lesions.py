import numpy as np
import pytest

from triage_node.findings import Label
from triage_node.train.phantom.atlas_cache import AtlasName, load_atlas
from triage_node.train.phantom.blood import paint
from triage_node.train.phantom.brain import BrainStyle, sample_tissue
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.lesions import LESIONS
from triage_node.train.phantom.lesions.epidural import _seats
from triage_node.train.phantom.lesions.grain import settled
from triage_node.train.phantom.lesions.intraparenchymal import KINDS, _border, _cerebellum, _stem
from triage_node.train.phantom.lesions.intraventricular import _horns
from triage_node.train.phantom.lesions.subdural import _along_falx, _along_tentorium, tentorium_height
from triage_node.train.phantom.lesions.subdural_age import Age, blood_of, random_age
from triage_node.train.phantom.mass_effect import displace
from triage_node.train.phantom.ventricles import Ventricles

pytestmark = pytest.mark.slow

GRID = Grid(np.arange(-50.0, 80, 5), 96, 2.3)


@pytest.fixture(scope="module")
def anatomy(atlas):
    rng = np.random.default_rng(1)
    space = place_head(atlas, GRID, Pose(), rng)
    style = BrainStyle(8, 27, 35, 0.9, Ventricles.random(0.6, False, rng), 1.8, 12, 2.5, 1.0)
    tissue = sample_tissue(atlas, space, GRID, style, rng)
    return Anatomy(GRID, space, tissue.fluid, tissue.ventricles, *(GRID.noise(rng, mm) for mm in (5, 9, 18)))


def volume_ml(lesion):
    return lesion.fraction.sum() * GRID.slice_mm * GRID.mm_per_pixel**2 / 1000


@pytest.mark.parametrize("label", list(LESIONS))
def test_every_lesion_lies_inside_the_skull(anatomy, label):
    for seed in range(5):
        lesion = LESIONS[label](anatomy, np.random.default_rng(seed))
        assert lesion.label is label
        assert lesion.fraction.min() >= 0
        assert lesion.fraction.max() <= 1
        assert not lesion.fraction[anatomy.space.inside_mm < 0].any()
        assert 15 < lesion.hu < 100


@pytest.mark.parametrize(
    ("label", "low", "high"),
    [
        (Label.EPIDURAL, 6, 30),
        (Label.SUBDURAL, 3, 11),
        (Label.INTRAPARENCHYMAL, 1, 8),  # with dots, brain stem and poles
        (Label.INTRAVENTRICULAR, 1, 6),
        (Label.SUBARACHNOID, 0.6, 4),
    ],
)
def test_volumes_are_those_of_real_lesions(anatomy, label, low, high):
    volumes = [volume_ml(LESIONS[label](anatomy, np.random.default_rng(seed))) for seed in range(31)]
    assert low < np.median(volumes) < high, np.round(volumes, 1)


def longest_mm(points_mm):
    return np.sqrt(np.square(points_mm[:, None] - points_mm[None]).sum(axis=2)).max()


@pytest.mark.parametrize(("label", "low", "high"), [(Label.EPIDURAL, 2.5, 6), (Label.SUBDURAL, 7, 16)])
def test_hematomas_are_as_long_for_their_area_as_real_ones(anatomy, label, low, high):
    """Square of the length over the area in the largest slice: about 4 for epidural, 11 for subdural hematomas."""
    found = []
    for seed in range(41):
        fraction = LESIONS[label](anatomy, np.random.default_rng(seed)).fraction
        areas = fraction.sum(axis=(1, 2)) * GRID.mm_per_pixel**2
        points_mm = np.argwhere(fraction[areas.argmax()] > 0.3) * GRID.mm_per_pixel
        if len(points_mm) > 3:
            found.append(longest_mm(points_mm) ** 2 / areas.max())
    assert len(found) > 30
    assert low < np.median(found) < high, np.round(np.percentile(found, [25, 50, 75]), 1)


def test_an_epidural_hematoma_begins_under_the_vault_not_on_the_petrous_bones_nor_the_sphenoid(anatomy):
    space, seats = anatomy.space, _seats(anatomy.space)
    assert seats.any()
    petrous = (np.abs(space.z + 34) < 8) & (np.abs(space.y - 14) < 12) & (np.abs(np.abs(space.x) - 30) < 14)
    sphenoid = (space.z < -12) & (np.abs(space.y + 15) < 15) & (np.abs(space.x) < 40)
    assert not (seats & (petrous | sphenoid)).any()
    assert (seats & (np.abs(space.x) > 48) & (space.z < -20)).any(), "the squama of the temporal bone"


def test_an_epidural_hematoma_touches_bone_and_is_thick(anatomy):
    lesion = LESIONS[Label.EPIDURAL](anatomy, np.random.default_rng(2))
    depth = anatomy.space.inside_mm[lesion.fraction > 0.5]
    assert depth.min() < 3
    assert depth.max() > 4


def test_a_subdural_crescent_is_wider_than_thick(anatomy):
    lesion = LESIONS[Label.SUBDURAL](anatomy, np.random.default_rng(0))
    assert lesion.peel_mm.max() < 20
    assert np.ptp(anatomy.space.y[lesion.fraction > 0.5]) > 2 * lesion.peel_mm.max()


@pytest.mark.parametrize("film", [_along_falx, _along_tentorium])
def test_a_subdural_film_lies_on_one_side_and_is_thicker_than_dura(anatomy, film):
    """A falx is a millimeter or two thick: blood beside it that is no thicker would be labeled and not seen."""
    for seed in range(6):
        share, side = film(anatomy, 1, np.random.default_rng(seed)), anatomy.space.x
        assert share[side > 0].sum() > 5 * share[side < 0].sum()
        assert share.max() == 1, "a voxel of 2.3 mm is full of it somewhere"


def test_no_clot_of_the_brain_begins_in_the_medulla(atlas):
    rng, grid = np.random.default_rng(3), Grid(np.arange(-75.0, -20, 4), 96, 2.3)
    space = place_head(atlas, grid, Pose(), rng)
    nothing = np.zeros_like(space.z)
    low = Anatomy(grid, space, nothing, nothing, *(grid.noise(rng, mm) for mm in (5, 9, 18)))
    balls = [
        ball for seed in range(12) for ball in LESIONS[Label.INTRAPARENCHYMAL](low, np.random.default_rng(seed)).balls
    ]
    assert min(ball.middle[0] for ball in balls) > -42


def test_blood_in_the_ventricles_stays_there(anatomy):
    lesion = LESIONS[Label.INTRAVENTRICULAR](anatomy, np.random.default_rng(1))
    assert anatomy.ventricles[lesion.fraction > 0.5].min() > 0.3


def test_most_blood_in_the_ventricles_is_in_the_lateral_ones_and_lies_at_the_back_of_them(anatomy):
    """Half of it or more settles in a lying patient: it is then behind what of the same ventricle stays clear."""
    space, behind, fourth = anatomy.space, 0, 0
    lateral = (anatomy.ventricles > 0.5) & (space.z > -5) & (np.abs(space.x) > 5)
    for seed in range(40):
        blood = LESIONS[Label.INTRAVENTRICULAR](anatomy, np.random.default_rng(seed)).fraction > 0.5
        fourth += (blood & ~lateral).sum() > (blood & lateral).sum()
        clear, bloody = lateral & ~blood, lateral & blood
        if clear.any() and bloody.any():
            behind += np.median(space.y[bloody]) > np.percentile(space.y[clear], 80)
    assert fourth < 12
    assert 16 < behind < 36


def test_subarachnoid_blood_replaces_fluid_outside_the_ventricles_or_lies_on_the_tentorium(anatomy):
    in_fluid = on_tentorium = 0
    for seed in range(30):
        blood = LESIONS[Label.SUBARACHNOID](anatomy, np.random.default_rng(seed)).fraction > 0.5
        assert (anatomy.ventricles[blood] < 0.3).all()
        outside = blood & (anatomy.fluid < 0.2)
        assert (np.abs(tentorium_height(anatomy)[outside]) < 7).all()
        on_tentorium, in_fluid = on_tentorium + outside.any(), in_fluid + (blood & ~outside).any()
    assert 1 <= on_tentorium < 10 < in_fluid


def test_blood_that_fills_a_space_of_fluid_is_as_dense_as_real_blood(anatomy):
    drawn = {
        label: [LESIONS[label](anatomy, np.random.default_rng(seed)).hu for seed in range(30)]
        for label in (Label.SUBARACHNOID, Label.INTRAVENTRICULAR)
    }
    assert 45 <= min(drawn[Label.SUBARACHNOID]) <= max(drawn[Label.SUBARACHNOID]) <= 65
    assert 40 <= min(drawn[Label.INTRAVENTRICULAR]) <= max(drawn[Label.INTRAVENTRICULAR]) <= 75


def test_a_little_blood_settles_in_both_occipital_horns(anatomy):
    for seed in range(4):
        share, space = _horns(anatomy, np.random.default_rng(seed)), anatomy.space
        left, right = (share * (side * space.x > 0) for side in (1, -1))
        assert left.any()
        assert right.any()
        assert share.sum() * GRID.voxel_ml < 1.5
        assert np.average(space.y, weights=share) > 25


@pytest.mark.parametrize("label", [Label.EPIDURAL, Label.SUBDURAL])
def test_most_clots_outside_the_brain_are_nearly_homogeneous(anatomy, label):
    lesions = [LESIONS[label](anatomy, np.random.default_rng(seed)) for seed in range(60)]
    assert np.mean([lesion.mottle <= 1.5 for lesion in lesions]) > 0.65
    assert max(lesion.mottle for lesion in lesions) <= 4
    dense = [lesion for lesion in lesions if lesion.floor_hu is None and lesion.hu > 55]
    assert 56 < np.median([lesion.hu for lesion in dense]) < 66
    assert np.mean([lesion.profile is None for lesion in dense]) > 0.6


@pytest.mark.parametrize("label", [Label.EPIDURAL, Label.SUBDURAL])
def test_blood_outside_the_brain_reaches_the_bone_and_ends_within_a_millimeter(anatomy, label):
    for seed in range(6):
        lesion, depth = LESIONS[label](anatomy, np.random.default_rng(seed)), anatomy.space.inside_mm
        if lesion.peel_mm is None or lesion.peel_mm.max() < 3:
            continue
        thick = (lesion.peel_mm > 1.2) & (depth > 0)
        assert (lesion.fraction[thick & (depth < lesion.peel_mm - 1)] == 1).all()
        if label is Label.EPIDURAL:
            assert (lesion.fraction[depth > lesion.peel_mm] == 0).all()


def test_subdural_blood_has_the_ages_that_readers_see(anatomy, seed):
    rng = np.random.default_rng(seed)
    ages = [random_age(rng) for _ in range(400)]
    assert 0.5 < np.mean([age is Age.ACUTE for age in ages]) < 0.7
    assert 0.12 < np.mean([age.chronic for age in ages]) < 0.28


@pytest.mark.parametrize("age", [Age.BLED_AGAIN, Age.SEPTATED])
def test_chronic_subdural_blood_is_dark_in_parts_and_dense_enough_for_a_hemorrhage_in_all(anatomy, age):
    fraction = LESIONS[Label.SUBDURAL](anatomy, np.random.default_rng(0)).fraction
    for seed in range(8):
        blood = blood_of(age, fraction, anatomy, np.random.default_rng(seed))
        hu = (blood.hu + blood.profile)[fraction > 0.5]
        assert np.average((blood.hu + blood.profile)[fraction > 0], weights=fraction[fraction > 0]) > 24.9
        assert hu.min() < 40
        assert np.ptp(hu) > 10


def test_settled_blood_is_denser_down_the_table(anatomy):
    places = np.flatnonzero(LESIONS[Label.SUBDURAL](anatomy, np.random.default_rng(0)).fraction)
    added = settled(anatomy, places, np.random.default_rng(1))
    row = places // GRID.size % GRID.size
    assert added[row == row.min()].max() == 0
    assert 20 <= added[row == row.max()].min() <= 35


def test_only_chronic_blood_is_painted_darker_than_gray_matter(anatomy):
    brain, fraction = np.full(GRID.shape, 35, np.float32), np.zeros(GRID.shape, np.float32)
    fraction[10, 40:50, 40:50] = 1
    for floor_hu, expected in ((None, 45), (0.0, 20)):
        lesion = Lesion(Label.SUBDURAL, fraction, hu=20, mottle=0, floor_hu=floor_hu)
        painted = paint(brain, lesion, anatomy, 37, 0, np.random.default_rng(0))
        assert np.unique(painted).tolist() == sorted({35, expected})


def test_a_profile_is_added_to_the_blood_alone(anatomy):
    brain, fraction = np.full(GRID.shape, 35, np.float32), np.zeros(GRID.shape, np.float32)
    fraction[10, 40:50, 40:50] = 1
    lesion = Lesion(Label.EPIDURAL, fraction, hu=60, mottle=0, profile=np.full(GRID.shape, -10, np.float32))
    painted = paint(brain, lesion, anatomy, 37, 0, np.random.default_rng(0))
    assert np.unique(painted).tolist() == [35, 50]


def test_bleeds_of_brain_stem_and_cerebellum_begin_there_in_both_anatomies(anatomy):
    for name in AtlasName:
        rng = np.random.default_rng(0)
        space = place_head(load_atlas(name), GRID, Pose(), rng)
        for seats in (_stem(space), _cerebellum(space)):
            assert seats.any()
            tissue = sample_tissue(load_atlas(name), space, GRID, BrainStyle.random(rng), rng)
            assert np.mean(tissue.fluid[seats] < 0.5) > 0.8


def test_dots_are_small_and_at_most_five(anatomy):
    kind = next(kind for kind in KINDS if kind.seats is _border)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        places = kind.places(anatomy.space, rng)
        assert 1 <= len(places) <= 5
        assert all(0.1 <= kind.volume_ml(rng) <= 1 for _ in places)


def test_a_hematoma_pushes_the_brain_and_nothing_pushes_nothing(anatomy):
    rng = np.random.default_rng(4)
    lesion = LESIONS[Label.EPIDURAL](anatomy, np.random.default_rng(2))
    moved = displace(anatomy.space, GRID, [lesion], rng)
    shift = np.abs(moved.x - anatomy.space.x) + np.abs(moved.y - anatomy.space.y)
    assert 1 < shift.max() < 40
    assert displace(anatomy.space, GRID, [], rng) is anatomy.space
