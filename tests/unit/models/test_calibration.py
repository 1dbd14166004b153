from dataclasses import replace

import numpy as np
import pytest

from triage_node.findings import LABELS, Label, ModelIdentity, Prediction
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
    flagged = {**values, Label.SUBDURAL: 0.5, Label.ANY: 0.9}
    assert thresholds().decide(flagged) == ((Label.ANY,), (Label.SUBDURAL,))
    assert thresholds().decide({**flagged, Label.SUBDURAL: 0.9}) == ((Label.SUBDURAL, Label.ANY), ())


def test_a_flagged_study_names_its_highest_type_at_least_as_uncertain():
    values = {**dict.fromkeys(LABELS, 0.1), Label.EPIDURAL: 0.3, Label.ANY: 0.9}
    assert thresholds().decide(values) == ((Label.ANY,), (Label.EPIDURAL,))


def test_a_type_is_uncertain_in_a_study_that_is_not_flagged():
    strict = replace(thresholds(), flag={**dict.fromkeys(LABELS, 0.8), Label.ANY: 0.95})
    values = {**dict.fromkeys(LABELS, 0.1), Label.EPIDURAL: 0.9, Label.ANY: 0.9}
    assert strict.decide(values) == ((), (Label.EPIDURAL, Label.ANY))


def test_a_study_free_of_hemorrhage_is_doubted_only_where_a_type_is_clear():
    strict = replace(
        thresholds(),
        flag={**dict.fromkeys(LABELS, 0.5), Label.ANY: 0.9},
        uncertain={**dict.fromkeys(LABELS, 0.2), Label.ANY: 0.7},
    )
    values = {**dict.fromkeys(LABELS, 0.1), Label.EPIDURAL: 0.4, Label.ANY: 0.4}
    assert strict.decide(values) == ((), ())
    assert strict.decide({**values, Label.EPIDURAL: 0.6, Label.ANY: 0.6}) == ((), (Label.EPIDURAL, Label.ANY))


def test_a_score_at_the_flag_threshold_is_not_above_it():
    assert thresholds(1.0, 0.0).decide(dict.fromkeys(LABELS, 1.0))[0] == ()
    assert thresholds(1.0, 0.0).decide(dict.fromkeys(LABELS, 0.0))[1] == LABELS


def test_answers_keep_what_a_prediction_demands(seed):
    rng = np.random.default_rng(seed)
    for _ in range(500):
        low, high = np.sort(rng.random((2, 6)), axis=0)
        made = Thresholds(dict(zip(LABELS, high, strict=True)), dict(zip(LABELS, low, strict=True)))
        scores = Scaling().probabilities(rng.normal(0, 2, 6))
        flagged, uncertain = made.decide(dict(zip(LABELS, map(float, scores), strict=True)))
        Prediction(
            ModelIdentity("m", "1", "0"),
            dict(zip(LABELS, map(float, scores), strict=True)),
            np.zeros((1, 6)),
            flagged,
            uncertain,
        )
        assert not (set(flagged) & set(uncertain))
        assert Label.ANY in (*flagged, *uncertain) or not (flagged or uncertain)
        assert not flagged or len({*flagged, *uncertain}) > 1


def test_uncertain_may_not_lie_above_flag():
    with pytest.raises(ValueError, match="uncertain <= flag"):
        thresholds(0.3, 0.5)
