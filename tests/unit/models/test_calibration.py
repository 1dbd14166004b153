import numpy as np
import pytest

from triage_node.findings import LABELS, Label
from triage_node.models.calibration import Scaling, Thresholds


def test_temperature_softens_and_bias_shifts():
    scaling = Scaling((2.0,) * 6, (-1.0,) * 6)
    assert scaling.probabilities(np.full((1, 6), 2.0)) == pytest.approx(0.5)


def test_any_is_never_less_likely_than_a_type():
    found = Scaling().probabilities(np.array([3.0, -9, -9, -9, -9, -9]))
    assert found[-1] == found[0]


def test_no_logit_breaks_the_scale():
    found = Scaling((0.2,) * 6).probabilities(np.array([[1e6] * 6, [-1e6] * 6]))
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("bad", [{"temperature": (0.0,) * 6}, {"bias": (0.0,)}])
def test_a_wrong_scaling_is_refused(bad):
    with pytest.raises(ValueError, match="temperature"):
        Scaling(**bad)


def thresholds(flag=0.8, uncertain=0.4):
    return Thresholds(dict.fromkeys(LABELS, flag), dict.fromkeys(LABELS, uncertain))


def test_three_answers():
    values = dict.fromkeys(LABELS, 0.1)
    assert thresholds().decide(values) == ((), ())
    assert thresholds().decide({**values, Label.ANY: 0.5}) == ((), (Label.ANY,))
    assert thresholds().decide({**values, Label.SUBDURAL: 0.5, Label.ANY: 0.9}) == ((Label.ANY,), (Label.SUBDURAL,))


def test_a_flagged_type_flags_the_study():
    values = {**dict.fromkeys(LABELS, 0.1), Label.EPIDURAL: 0.9}
    assert thresholds().decide(values)[0] == (Label.EPIDURAL, Label.ANY)


def test_uncertain_may_not_lie_above_flag():
    with pytest.raises(ValueError, match="uncertain <= flag"):
        thresholds(0.3, 0.5)
