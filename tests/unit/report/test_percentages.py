"""Scores in percent: no rounding puts one on another side of its thresholds."""

from hypothesis import given
from hypothesis import strategies as st

from triage_node.findings import Calibration
from triage_node.report import percentages

SHARE = st.integers(1, 10**6).map(lambda number: number / 10**6)


@given(SHARE, SHARE, SHARE)
def test_a_score_stays_on_its_side(probability, one, other):
    limits = Calibration(max(one, other), min(one, other))
    score, uncertain, flag = (float(text.removesuffix(" %")) for text in percentages(probability, limits))
    assert (score >= uncertain, score > flag) == (probability >= limits.uncertain, probability > limits.flag)


def test_what_is_not_known_is_a_dash_and_one_decimal_is_enough_where_it_is():
    assert percentages(0.4449, None) == ("44.5 %", "-", "-")
    assert percentages(None, None) == ("-", "-", "-")
    assert percentages(0.80001, Calibration(0.8, 0.4)) == ("80.001 %", "40.000 %", "80.000 %")
