import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ct_phantom import chest_hu

from triage_node.errors import UnsuitableSeries
from triage_node.findings import LABELS, Decision
from triage_node.imaging.volume import Volume
from triage_node.models.predictor import Model
from triage_node.models.preprocessing import strip_head

pytestmark = pytest.mark.slow

SHARED = Path(os.environ.get("TRIAGE_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


def test_a_prediction_has_all_labels_for_the_study_and_for_each_slice(model, head):
    found = model.predict(head())
    assert tuple(found.probabilities) == LABELS
    assert found.slice_probabilities.shape == (32, 6)
    assert found.model == model.identity


def test_the_same_volume_gives_the_same_answer(model, head):
    first, second = model.predict(head("epidural")), model.predict(head("epidural"))
    assert first.probabilities == second.probabilities


def test_the_rest_of_a_batch_does_not_change_a_slice(model, head):
    stripped = strip_head(head("intraparenchymal"), model.manifest.geometry)
    part = replace(
        stripped,
        hu=stripped.hu[:20],
        mask=stripped.mask[:20],
        neighbors=np.minimum(stripped.neighbors[:20], 19),
        brain_area_cm2=stripped.brain_area_cm2[:20],
    )
    assert np.allclose(model.slice_logits(part)[:15], model.slice_logits(stripped)[:15], atol=1e-3)


def test_a_mirrored_model_answers_a_head_and_its_mirror_image_alike(model, head):
    both_sides = Model(replace(model.manifest, mirrored=True))
    stripped = strip_head(head("epidural"), model.manifest.geometry)
    turned = replace(stripped, hu=stripped.hu[:, :, ::-1].copy(), mask=np.ascontiguousarray(stripped.mask[:, :, ::-1]))
    one_sided = Model(replace(model.manifest, mirrored=False))
    assert not np.allclose(one_sided.slice_logits(turned), one_sided.slice_logits(stripped), atol=1e-2)
    assert np.allclose(both_sides.slice_logits(turned), both_sides.slice_logits(stripped), atol=1e-3)


def test_one_slice_is_answered(model, head):
    volume = head()
    one = Volume(volume.hu[16:17].copy(), volume.spacing_mm, np.array([0.0]))
    assert model.predict(one).slice_probabilities.shape == (1, 6)


def test_four_hundred_thin_slices_are_answered_each(model, head):
    volume = head()
    hu = np.repeat(volume.hu[:, ::2, ::2], 13, axis=0)[:400]
    thin = Volume(hu, (0.4, *(2 * mm for mm in volume.spacing_mm[1:])), 0.4 * np.arange(400.0))
    assert model.predict(thin).slice_probabilities.shape == (400, 6)


def test_uneven_spacing_is_answered(model, head, seed):
    volume = head()
    positions = np.cumsum(np.random.default_rng(seed).uniform(1, 8, len(volume.hu)))
    assert model.predict(replace(volume, positions_mm=positions)).slice_probabilities.shape == (32, 6)


@pytest.mark.parametrize(
    "hu",
    [
        np.full((20, 96, 96), -1024, np.float32),
        np.zeros((20, 96, 96), np.float32),
        np.random.default_rng(3).normal(0, 400, (20, 96, 96)).astype(np.float32),
        chest_hu(20, (96, 96), 5.0),
        np.full((1, 3, 2), 40, np.float32),
    ],
    ids=["air", "zeros", "noise", "chest", "tiny"],
)
def test_what_is_no_head_is_refused_not_answered(model, hu):
    with pytest.raises(UnsuitableSeries):
        model.predict(Volume(hu, (5.0, 2.5, 2.5), 5.0 * np.arange(len(hu))))


def test_a_plain_real_head_is_not_flagged(model):
    folder = SHARED / "ge_head_ct"
    if not folder.is_dir():
        pytest.skip(f"the development series ge_head_ct is not in {SHARED}")
    from triage_node.imaging import Policy, read_volume, scan

    volume = read_volume(scan([folder]).series[0], Policy(), force=True)
    assert model.predict(volume).decision is not Decision.FLAGGED
