"""Generated heads after an injection, and the check that must find them and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from triage_node.findings import Label
from triage_node.models import read_manifest
from triage_node.models.contrast import SMALLEST_SHARE, contrast_sign, sinus_share
from triage_node.models.preprocessing import strip_head
from triage_node.train.phantom.contrast import Phase, enhance, head_of
from triage_node.train.phantom.dicom_series import demo_recipe

pytestmark = pytest.mark.slow

GEOMETRY = read_manifest().geometry
RECIPE = demo_recipe((), size=128, slice_mm=7.0)


def head(study):
    return strip_head(study.volume, GEOMETRY)


@pytest.mark.parametrize("phase", Phase)
def test_the_agent_only_adds_inside_of_the_skull(atlas, make_study, phase):
    study, space = make_study(4), head_of(atlas, RECIPE, 4)
    added = enhance(study, space, RECIPE, phase, 4).volume.hu - study.volume.hu
    inside = space.inside_mm.reshape(len(added), -1, *added.shape[1:]).max(axis=1) > 0
    assert added.min() >= 0
    assert added[inside].sum() > 0.9 * added.sum()
    assert 0.5 < np.median(added[inside]) < 5
    brain = (study.volume.hu > 0) & (study.volume.hu < 80)
    assert brain[inside].mean() > 0.7, "the head is not where the study has it"


def test_an_enhanced_sinus_is_found_and_a_plain_head_has_none(atlas, make_study):
    found = []
    for seed in (4, 5, 6):
        study, space = make_study(seed), head_of(atlas, RECIPE, seed)
        assert contrast_sign(head(study), GEOMETRY.mm_per_pixel) == ""
        enhanced = enhance(study, space, RECIPE, Phase.VENOUS, seed)
        found.append(sinus_share(head(enhanced), GEOMETRY.mm_per_pixel))
    assert sum(share >= SMALLEST_SHARE for share in found) >= 2


@pytest.mark.parametrize("label", [Label.SUBDURAL, Label.EPIDURAL, Label.INTRAPARENCHYMAL])
def test_a_hematoma_is_no_contrast(make_study, label):
    assert contrast_sign(head(make_study(7, label)), GEOMETRY.mm_per_pixel) == ""


@pytest.mark.parametrize(("seed", "slices"), [(4, 4), (8, 3)])
def test_dense_blood_at_the_midline_of_some_slices_is_no_contrast(make_study, seed, slices):
    """Of ten or eleven slices above the base; head 8 has a dense plain sinus in four of them already."""
    study = make_study(seed)
    hu = study.volume.hu.copy()
    middle, blood = hu.shape[2] // 2, slice(10, 10 + slices)
    hu[blood, 90:110, middle - 4 : middle + 5] = np.maximum(hu[blood, 90:110, middle - 4 : middle + 5], 95)
    changed = replace(study, volume=replace(study.volume, hu=hu))
    assert sinus_share(head(changed), GEOMETRY.mm_per_pixel) > sinus_share(head(study), GEOMETRY.mm_per_pixel)
    assert contrast_sign(head(changed), GEOMETRY.mm_per_pixel) == ""
