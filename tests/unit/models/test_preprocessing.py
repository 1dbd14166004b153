from dataclasses import replace

import numpy as np
import pytest
from ct_phantom import chest_hu
from scipy import ndimage

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.volume import Volume
from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.models.windows import DENSEST_BLOOD_HU
from triage_node.reasons import ReasonCode

GEOMETRY = Geometry()


def likeness(first, second):
    """Correlation of two stripped heads over what both show, beyond the noise that interpolation changes."""
    both = first.mask & second.mask & (first.hu < DENSEST_BLOOD_HU) & (second.hu < DENSEST_BLOOD_HU)
    smooth = [ndimage.gaussian_filter(np.where(both, part.hu, 0), (0, 1, 1))[both] for part in (first, second)]
    return np.corrcoef(*smooth)[0, 1], both.sum() / max(first.mask.sum(), second.mask.sum())


@pytest.mark.parametrize(
    "move",
    [
        lambda hu: ndimage.rotate(hu, 18, axes=(1, 2), reshape=False, order=1, cval=-1000),
        lambda hu: ndimage.rotate(hu, -25, axes=(1, 2), reshape=False, order=1, cval=-1000),
        lambda hu: ndimage.shift(hu, (0, 12, -15), order=1, cval=-1000),
        lambda hu: np.stack([ndimage.shift(im, (0.6 * (k - 16), 0), order=1, cval=-1000) for k, im in enumerate(hu)]),
    ],
    ids=["turned left", "turned right", "shifted", "tilted gantry"],
)
def test_a_moved_head_gives_nearly_the_same_input(head, move):
    straight = head("intraparenchymal")
    other = replace(straight, hu=move(straight.hu).astype(np.float32))
    correlation, overlap = likeness(strip_head(straight, GEOMETRY), strip_head(other, GEOMETRY))
    assert correlation > 0.7
    assert overlap > 0.9


def test_an_offset_of_the_scale_disappears(head):
    volume = head()
    shifted = strip_head(replace(volume, hu=volume.hu + np.float32(6)), GEOMETRY)
    straight = strip_head(volume, GEOMETRY)
    assert shifted.median_hu == pytest.approx(straight.median_hu + 6, abs=0.3)
    assert abs(np.median(shifted.hu[shifted.mask])) < 3


def test_the_frame_is_that_of_the_manifest_whatever_the_matrix(head):
    volume = head()
    half = Volume(volume.hu[:, ::2, ::2].copy(), (5.0, *(2 * mm for mm in volume.spacing_mm[1:])), volume.positions_mm)
    for found in (strip_head(volume, GEOMETRY), strip_head(half, GEOMETRY)):
        assert found.hu.shape == (32, GEOMETRY.rows, GEOMETRY.columns)
        assert found.brain_area_cm2.max() == pytest.approx(145, rel=0.15)


def test_long_series_are_averaged_into_slabs_that_every_slice_knows(head):
    volume = head()
    hu = np.repeat(volume.hu, 8, axis=0)[:200]
    thin = Volume(hu, (0.625, *volume.spacing_mm[1:]), 0.625 * np.arange(200.0))
    found = strip_head(thin, GEOMETRY)
    assert len(found.slab) == 200
    assert found.slab.max() + 1 == len(found.hu) <= GEOMETRY.max_slices


def odd_volumes(seed=0):
    rng = np.random.default_rng(seed)
    air = np.full((20, 128, 128), -1000, np.float32)
    y, x = np.mgrid[-64:64, -64:64]
    water = np.where(np.hypot(x, y) < 50, 0.0, -1000.0)
    water = np.where(np.abs(np.hypot(x, y) - 51) < 2, 120.0, water)
    return {
        "air": air,
        "zeros": np.zeros((20, 128, 128), np.float32),
        "noise": rng.normal(0, 500, (20, 128, 128)).astype(np.float32),
        "water phantom": np.repeat(water[None], 20, axis=0).astype(np.float32),
        "bone block": np.full((20, 64, 64), 1000, np.float32),
        "chest": chest_hu(20, (128, 128), 5.0),
        "one pixel": np.zeros((12, 1, 1), np.float32),
    }


@pytest.mark.parametrize("name", odd_volumes())
def test_what_is_no_head_is_refused_by_name(name):
    hu = odd_volumes()[name]
    volume = Volume(hu, (5.0, 2.0, 2.0), 5.0 * np.arange(len(hu)))
    with pytest.raises(UnsuitableSeries) as refused:
        strip_head(volume, GEOMETRY)
    assert refused.value.reasons[0].code is ReasonCode.NOT_HEAD


def test_a_field_no_scanner_has_is_refused_before_it_takes_memory():
    volume = Volume(np.zeros((400, 64, 64), np.float32), (5.0, 900.0, 900.0), 5.0 * np.arange(400.0))
    with pytest.raises(UnsuitableSeries, match="field of view measures 57600 mm"):
        strip_head(volume, GEOMETRY)


def test_a_water_phantom_in_a_bone_ring_is_no_brain():
    y, x = np.mgrid[-64:64, -64:64]
    ring = np.where(np.abs(np.hypot(x, y) - 45) < 4, 900.0, np.where(np.hypot(x, y) < 45, 0.0, -1000.0))
    hu = np.repeat(ring[None], 12, axis=0).astype(np.float32)
    with pytest.raises(UnsuitableSeries, match="not brain"):
        strip_head(Volume(hu, (5.0, 2.0, 2.0), 5.0 * np.arange(12.0)), GEOMETRY)
