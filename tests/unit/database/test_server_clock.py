"""Machines of one database go by its server's clock, however their own are set."""

import pytest

from triage_node.database.server_clock import LONGEST_ANSWER_SECONDS, ServerClock


class Steady:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_before_the_server_was_asked_it_is_the_machines():
    assert ServerClock(clock=lambda: 5.0)() == 5.0


def test_after_that_it_is_the_servers_and_goes_on_by_a_clock_that_nobody_can_set():
    steady = Steady()
    clock = ServerClock(clock=lambda: 5.0, steady=steady)
    clock.follow(lambda: 1_000_000.0)
    steady.now += 7
    assert clock() == 1_000_007.0


def test_the_server_read_its_clock_half_way():
    steady = Steady()
    clock = ServerClock(steady=steady)

    def read() -> float:
        steady.now += 0.4
        return 1_000_000.0

    clock.follow(read)
    assert clock() == pytest.approx(1_000_000.2)


def test_an_answer_that_took_long_tells_nothing():
    steady = Steady()
    clock = ServerClock(clock=lambda: 5.0, steady=steady)

    def read() -> float:
        steady.now += LONGEST_ANSWER_SECONDS + 0.1
        return 1_000_000.0

    clock.follow(read)
    assert clock() == 5.0
