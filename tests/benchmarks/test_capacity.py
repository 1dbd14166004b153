"""The capacity model: what it says of a queue that can be reckoned, and the table of docs/capacity.md."""

import statistics

import pytest
from capacity import Hospital, Installation, Stage, print_capacity, turnarounds


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_one_server_waits_as_pollaczek_and_khinchine_say(load, seed):
    stage = Stage("one", 1, 2.0)
    hospital = Hospital(head_cts=round(load / stage.seconds * 3600 / 0.06))
    taken = turnarounds(Installation("one", 1, hospital, (stage,)), 60_000, seed)
    assert statistics.mean(taken) == pytest.approx(stage.seconds * (1 + load / (2 * (1 - load))), rel=0.05)


def test_what_breaks_first(seed):
    print("\n| installation | hospitals | loads | median and 95th | full first, at so many hospitals | in time up to |")
    print_capacity(10_000, seed)
