"""The pauses between calls to a destination that does not answer."""

import random

from triage_node.delivery.outage import LONGEST_PAUSE_SECONDS, Line
from triage_node.delivery.retry import RetryPolicy

POLICY = RetryPolicy(first_seconds=5, longest_seconds=600, give_up_seconds=72 * 3600)


def pauses(tries: int, least_seconds: float = 0.0) -> list[float]:
    line = Line("PACS", POLICY, lambda: 0.0, lambda: 0.0)
    return [line.failed("gone", least_seconds).pause_seconds for _ in range(tries)]


def test_pauses_grow_up_to_a_minute_and_are_spread_also_there(seed):
    random.seed(seed)
    grown = pauses(100)
    for pause, middle in zip(grown, [5, 10, 20, 40, *[LONGEST_PAUSE_SECONDS] * 96], strict=True):
        assert 0.9 * middle <= pause <= 1.1 * middle
    assert len(set(grown[4:])) == 96, "nodes that lost the same PACS at once would go on calling it in step"


def test_the_pause_that_a_destination_asks_for_is_kept():
    assert pauses(3, least_seconds=300) == [300] * 3
