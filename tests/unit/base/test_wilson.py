import pytest
from scipy.stats import binomtest

from triage_node.wilson import wilson_interval


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (0, 24), (24, 24), (1, 3), (17, 18), (500, 1000)])
def test_the_interval_is_that_of_scipy(hits, of):
    expected = binomtest(hits, of).proportion_ci(method="wilson")
    assert wilson_interval(hits, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_nothing_nothing_is_known():
    assert wilson_interval(0, 0) == (0.0, 1.0)
