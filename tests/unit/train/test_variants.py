"""Heads shown otherwise, and what is made of the answers; where the map is highest."""

import cv2
import numpy as np
import pytest

from triage_node.errors import TriageError
from triage_node.findings import Decision
from triage_node.imaging import Volume
from triage_node.models import HeadAxis, StrippedHead, load_model
from triage_node.train.evaluation.densities import brightest, over_heads
from triage_node.train.evaluation.figures import robustness_figures
from triage_node.train.evaluation.peaks import shares
from triage_node.train.evaluation.regions import Region, region_map
from triage_node.train.evaluation.robustness import LabeledHead, Robustness, chosen_heads, generated_heads, robustness
from triage_node.train.evaluation.stability import REFUSED, Answer, Head, answer, ask_again, changes, stability_bars
from triage_node.train.evaluation.variants import LESS_SHOWN, VARIANTS
from triage_node.train.phantom.atlases import Atlases
from triage_node.train.shards import make_shard


@pytest.fixture
def volume():
    """A ring of bone around a soft middle that is brighter on the left."""
    _, y, x = np.mgrid[:12, :60, :60].astype(np.float32)
    away = np.hypot(y - 29.5, x - 29.5)
    hu = np.where(away < 22, 30 + 20 * (x > 40), np.where(away < 25, 900, -1000)).astype(np.float32)
    return Volume(hu, (5.0, 3.0, 3.0), 5.0 * np.arange(12.0))


def shown(volume, name):
    return VARIANTS[name](volume)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_another_picture_of_the_same_size_of_field_and_range(volume, name):
    found = shown(volume, name)
    assert found.hu.dtype == np.float32
    assert -1024 <= found.hu.min() <= found.hu.max() <= 3071
    same_pixels = found.hu.shape == volume.hu.shape and np.array_equal(found.hu, volume.hu)
    assert not same_pixels or found.spacing_mm != volume.spacing_mm
    assert np.diff(found.positions_mm).min() > 0
    assert np.median(np.diff(found.positions_mm)) == pytest.approx(found.spacing_mm[0])


def test_what_each_variant_does(volume):
    middle = np.s_[6, 25:35, 25:35]
    assert shown(volume, "15 HU brighter").hu[middle].mean() == pytest.approx(45)
    assert shown(volume, "15 HU darker").hu[middle].mean() == pytest.approx(15)
    assert shown(volume, "mirrored").hu[6, 29, 15] == 50
    assert shown(volume, "turned by 90 degrees").hu[6, 15, 29] == pytest.approx(50, abs=1)
    assert len(shown(volume, "twice as thick").hu) == 6
    assert len(shown(volume, "twice as thin").hu) == 23
    assert shown(volume, "20 % larger").spacing_mm == pytest.approx((6.0, 3.6, 3.6))
    assert (shown(volume, "noise of 4 HU").hu - volume.hu).std() == pytest.approx(4, rel=0.1)
    soft, sharp = (shown(volume, name).hu[6, 29] for name in ("blur of 1.5 mm", "sharpened"))
    assert np.abs(np.diff(soft)).max() < np.abs(np.diff(volume.hu[6, 29])).max() <= np.abs(np.diff(sharp)).max()


def test_a_crop_cuts_one_side_and_a_flap_leaves_the_lower_half_whole(volume):
    bone = (volume.hu > 150).sum(axis=(1, 2))
    cropped, opened = (shown(volume, name).hu for name in LESS_SHOWN)
    assert (cropped[6, :, :9] == -1000).all()
    assert np.array_equal(cropped[6, :, 20:], volume.hu[6, :, 20:])
    left = (opened > 150).sum(axis=(1, 2))
    assert (left[:6] == bone[:6]).all()
    assert 0.6 < left[8] / bone[8] < 0.95


def test_a_flap_takes_along_what_the_border_of_bone_brightens(volume):
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    border = cv2.dilate((volume.hu[8] > 150).astype(np.uint8), cross) > 0
    border &= (volume.hu[8] > 0) & (volume.hu[8] < 150)
    volume.hu[8][border] = 120
    opened = shown(volume, "bone flap").hu[8]
    taken = (volume.hu[8] > 150) & (opened < 150)
    beside = border & (cv2.dilate(taken.astype(np.uint8), cross) > 0)
    assert (opened[taken] == 40).all()
    assert beside.any()
    assert (opened[beside] == 40).mean() > 0.8
    assert (opened[border] == 120).mean() > 0.5


def test_turning_keeps_a_head_of_unlike_pixels_round():
    _, y, x = np.mgrid[:4, :60, :120].astype(np.float32)
    hu = np.where(np.hypot(3.0 * (y - 29.5), 1.5 * (x - 59.5)) < 60, 40, -1000).astype(np.float32)
    found = shown(Volume(hu, (5.0, 3.0, 1.5), 5.0 * np.arange(4.0)), "turned by 30 degrees")
    head = found.hu[2] > -500
    rows, columns = (np.flatnonzero(head.any(axis=axis)) for axis in (1, 0))
    assert found.spacing_mm[1:] == (1.5, 1.5)
    assert len(rows) == pytest.approx(len(columns), abs=3)


def head_of(name, before, after):
    return Head(name, before, dict.fromkeys(VARIANTS, after))


def test_changes_are_told_by_variant():
    flagged, uncertain, clear = (Answer(one.value, logit) for one, logit in zip(
        (Decision.FLAGGED, Decision.UNCERTAIN, Decision.NOT_FLAGGED), (3.0, 1.0, -2.0), strict=True))  # fmt: skip
    refused = Answer(REFUSED, float("nan"))
    heads = [
        head_of("a", flagged, uncertain), head_of("b", flagged, clear), head_of("c", clear, refused),
        Head("d", refused, {}),
    ]  # fmt: skip
    one, *_ = changes(heads)
    assert (one.heads, one.changed, one.refused, one.lost) == (2, 2, 1, ("b",))
    assert (one.mean, one.largest, one.shift) == (3.5, 5.0, -3.5)
    mean, lost = stability_bars(changes(heads))
    assert (mean.verdict, lost.verdict, lost.value) == ("missed", "missed", len(VARIANTS))
    mean, lost = stability_bars(changes([head_of("a", flagged, Answer(Decision.FLAGGED.value, 2.8))]))
    assert (mean.verdict, lost.verdict) == ("met", "met")
    assert {bar.verdict for bar in stability_bars(changes([]))} == {"not measured"}


def test_a_crop_may_change_a_logit_but_lose_no_head():
    before, after = Answer("flagged", 3.0), Answer("flagged", 3.0)
    other = dict.fromkeys(VARIANTS, after) | dict.fromkeys(LESS_SHOWN, Answer("uncertain", 0.0))
    assert {bar.verdict for bar in stability_bars(changes([Head("a", before, other)]))} == {"met"}


@pytest.fixture
def ball():
    """The inside of a skull in a frame of 1 mm: an ellipsoid with the forehead at row 20."""
    z, y, x = np.mgrid[:24, :192, :160].astype(np.float32)
    mask = ((z - 11) / 12.5) ** 2 + ((y - 100) / 80) ** 2 + ((x - 80) / 65) ** 2 < 1
    area = (mask.sum(axis=(1, 2)) / 100).astype(np.float32)
    neighbors, axis = np.zeros((24, 2), int), HeadAxis(0.0, np.zeros((24, 2)))
    return StrippedHead(np.zeros(mask.shape, np.float32), mask, neighbors, np.arange(24), area, 32.0, axis, 7.5)


def test_regions_of_a_head(ball):
    def region(index, row, column):
        return region_map(ball, index, 1.0)[row, column]

    assert region(11, 170, 84) == Region.POSTERIOR_MIDLINE
    assert region(6, 85, 80) == Region.SELLA
    assert region(4, 100, 120) == Region.BASE
    assert region(14, 100, 18) == Region.RIM
    assert region(14, 90, 45) == Region.ELSEWHERE
    assert region(14, 25, 80) == Region.RIM


def test_the_brightest_parts_are_told_by_region_and_bone_is_none(ball):
    plain = brightest(ball, 1.0)
    assert set(plain) == set(Region)
    assert all(abs(hu) < 1e-3 for hu in plain.values())
    ball.hu[8:15, 150:165, 74:88] = 25
    ball.hu[11, 100, 18:24] = 900
    found = brightest(ball, 1.0)
    assert found[Region.POSTERIOR_MIDLINE] == pytest.approx(25, abs=2)
    assert {region: hu for region, hu in found.items() if abs(hu) > 0.1}.keys() == {Region.POSTERIOR_MIDLINE}


def test_densities_over_heads_are_the_middle_and_the_ninth_tenth():
    heads = [{Region.RIM: float(hu)} for hu in range(11)]
    found = over_heads(heads)
    assert found[Region.RIM] == (5.0, 9.0)
    assert np.isnan(found[Region.BASE]).all()


def test_shares_are_of_all_heads():
    assert shares([Region.RIM, Region.RIM, Region.BASE, Region.SELLA])[Region.RIM] == 0.5
    assert set(shares([]).values()) == {0.0}


def test_heads_are_chosen_in_their_order():
    heads = [LabeledHead(str(number), number % 3 == 0, lambda: None) for number in range(12)]
    shown_heads, further = chosen_heads(heads, 2)
    assert [head.name for head in shown_heads] == ["1", "2", "0", "3"]
    assert [head.name for head in further] == ["4", "5", "7", "8", "10", "11"]


@pytest.mark.slow
def test_a_shipped_model_is_asked_again(tmp_path):
    model = load_model("default")
    make_shard(tmp_path, range(2), model.manifest.geometry, Atlases.of())
    heads = list(generated_heads(tmp_path, model.manifest.geometry))
    assert [head.name for head in heads] == ["seed 0", "seed 1"]
    done = []
    found = robustness(model, heads[:1], [head for head in heads[1:] if not head.bleeds], lambda: done.append(1))
    [head] = found.heads
    assert head.as_it_is == answer(model, heads[0].read())
    assert head == ask_again(model, head.name, heads[0].read())
    # The network sees each head and its mirror image, so this is the same but for where the pixels end.
    assert head.variants["mirrored"].logit == pytest.approx(head.as_it_is.logit, abs=0.5)
    assert len(found.peaks) == sum(not head.bleeds for head in heads)
    figures = robustness_figures(found)
    assert set(figures["variants"]) == set(VARIANTS)
    assert sum(figures["highest_in"].values()) == pytest.approx(1, abs=0.01)


def test_a_head_that_cannot_be_read_is_left_out():
    def nothing():
        raise TriageError("no head")

    assert robustness(None, [LabeledHead("a", False, nothing)], [], lambda: None) == Robustness((), ())
