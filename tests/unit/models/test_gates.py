"""The shipped model on what is no plain head CT: through the whole prediction, gates included."""

import numpy as np
import pytest
from ct_unlike import MIMICS, NO_HEADS, cylinder

from triage_node.errors import UnsuitableSeries
from triage_node.findings import Decision
from triage_node.reasons import ReasonCode

pytestmark = pytest.mark.slow


def answer(model, volume):
    """Return the decision and the codes of the reasons, as the pipeline would."""
    try:
        found = model.predict(volume)
    except UnsuitableSeries as error:
        return None, [reason.code for reason in error.reasons]
    contrast = [ReasonCode.CONTRAST] if found.contrast else []
    return None if contrast else found.decision, contrast + [reason.code for reason in found.cautions]


@pytest.mark.parametrize("name", NO_HEADS)
def test_what_is_no_head_is_never_flagged_and_has_a_reason(model, name, seed):
    decision, codes = answer(model, NO_HEADS[name](np.random.default_rng(seed)))
    assert decision in {None, Decision.UNCERTAIN}
    assert codes


def test_large_calcifications_are_not_flagged(model, seed):
    assert answer(model, MIMICS["calcifications"](np.random.default_rng(seed)))[0] is not Decision.FLAGGED


def test_noise_moves_a_head_away_from_the_training_data(model, head, seed):
    if model.feature_distribution is None:
        pytest.skip("the shipped model has no feature statistics")
    plain = head()
    rng = np.random.default_rng(seed)
    noisy = type(plain)(
        (plain.hu + rng.normal(0, 40, plain.hu.shape)).astype(np.float32), plain.spacing_mm, plain.positions_mm
    )
    near, far = model.predict(plain).distance, model.predict(noisy).distance
    assert far.value > near.value
    assert not far.familiar


def test_a_bleeding_head_beyond_the_limit_is_uncertain(model, head):
    from dataclasses import replace

    if model.feature_distribution is None:
        pytest.skip("the shipped model has no feature statistics")
    usual = model.feature_distribution
    volume = head("intraparenchymal")
    try:
        model.feature_distribution = replace(usual, limit=100.0)
        assert model.predict(volume).decision is Decision.FLAGGED
        model.feature_distribution = replace(usual, limit=0.01)
        found = model.predict(volume)
    finally:
        model.feature_distribution = usual
    assert found.flagged == ()
    assert found.decision is Decision.UNCERTAIN
    assert found.cautions[0].code is ReasonCode.OUT_OF_DISTRIBUTION


def test_one_density_in_bone_is_no_brain(model, seed):
    decision, codes = answer(model, cylinder(35.0, 1000.0)(np.random.default_rng(seed)))
    assert decision is None
    assert codes == [ReasonCode.NOT_HEAD]
