from datetime import datetime

import pytest

from triage_node.errors import InvalidInput
from triage_node.statistics.simulation import Arrival, Reading, compare, synthetic_arrivals

STEADY = Reading(readers=1, median_seconds=100, spread=0, maximum_wait_seconds=1e9)


def test_a_flagged_study_overtakes_once_the_node_has_decided():
    arrivals = [
        Arrival(0, 10, "not_flagged"),
        Arrival(1, 11, "not_flagged"),
        Arrival(2, 12, "not_flagged"),
        Arrival(3, 50, "flagged"),
        Arrival(4, 150, "flagged"),
    ]
    told = compare(arrivals, STEADY, seed=0)
    assert told.fifo["flagged"].mean == pytest.approx((297 + 396) / 2)
    assert told.ranked["flagged"].mean == pytest.approx((97 + 196) / 2)
    assert told.ranked["rest"].longest == pytest.approx(398)


def test_uncertain_comes_before_the_rest_and_what_waits_too_long_before_uncertain():
    arrivals = [
        Arrival(0, 0, None),
        Arrival(1, 1, "not_flagged"),
        Arrival(2, 2, "uncertain"),
        Arrival(3, 3, "uncertain"),
    ]
    assert compare(arrivals, STEADY, seed=0).ranked["uncertain"].longest == pytest.approx(197)
    impatient = Reading(median_seconds=100, spread=0, maximum_wait_seconds=150)
    assert compare(arrivals, impatient, seed=0).ranked["rest"].longest == pytest.approx(199)


def test_an_idle_reader_reads_in_order_of_arrival_and_nobody_waits():
    arrivals = [Arrival(1000.0 * number, None, None) for number in range(5)]
    told = compare(arrivals, STEADY, seed=0)
    assert told.fifo == told.ranked
    assert told.fifo["all"].longest == 0


def test_the_order_changes_who_waits_and_not_how_much_is_waited(seed):
    """Times to read do not depend on the decision, so a queue that never idles keeps its mean wait nearly."""
    arrivals = synthetic_arrivals(30, 150, 0.1, 0.05, 60, seed)
    told = compare(arrivals, Reading(median_seconds=420), seed)
    assert told.ranked["flagged"].mean < told.fifo["flagged"].mean
    assert told.ranked["all"].mean == pytest.approx(told.fifo["all"].mean, rel=0.1)
    assert told.studies == len(arrivals) == sum(told.ranked[name].count for name in ("flagged", "uncertain", "rest"))


def test_the_same_seed_says_the_same(seed):
    first, second = (synthetic_arrivals(5, 50, 0.1, 0.1, 60, seed) for _ in range(2))
    assert first == second
    assert compare(first, Reading(readers=2), seed) == compare(second, Reading(readers=2), seed)


def test_made_up_arrivals_are_as_many_as_asked_for(seed):
    arrivals = synthetic_arrivals(100, 100, 0.1, 0.05, 60, seed)
    assert len(arrivals) == pytest.approx(10_000, rel=0.05)
    assert sum(arrival.decision == "flagged" for arrival in arrivals) == pytest.approx(1000, rel=0.2)


@pytest.mark.parametrize("wrong", [{"readers": 0}, {"median_seconds": 0}, {"spread": -1}, {"maximum_wait_seconds": 0}])
def test_a_reading_room_that_cannot_be(wrong):
    with pytest.raises(InvalidInput):
        Reading(**wrong)


def test_real_arrivals_are_replayed(worklist, analyze, clock):
    analyze("1.1")
    analyze("1.2", None)
    today = datetime.fromtimestamp(clock()).date()
    first, second = worklist.study_lists.arrivals(today, today)
    assert (first.decision, second.decision) == ("flagged", None)
    assert first.decided_at - first.at == 61
    assert compare([first, second], STEADY, 0).studies == 2
