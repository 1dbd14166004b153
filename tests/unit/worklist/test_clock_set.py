"""The clock of the machine is set, forward and back: what lasts goes on at its own pace, and nothing is lost."""

import pytest

from triage_node.database import StudyState
from triage_node.worklist import Worklist
from triage_node.worklist.quiet_time import Stillness

DAY = 86400.0
JUMPS = [-10 * DAY, -3600.0, -60.0, 60.0, 3600.0, 10 * DAY]


class Machine:
    """A wall clock that can be set, and the steady one beside it."""

    def __init__(self) -> None:
        self.steady_now, self.offset = 1000.0, 1_700_000_000.0

    def __call__(self) -> float:
        return self.steady_now + self.offset

    def steady(self) -> float:
        return self.steady_now

    def forward(self, seconds: float) -> None:
        self.steady_now += seconds

    def set_by(self, seconds: float) -> None:
        self.offset += seconds


@pytest.fixture
def clock() -> Machine:
    return Machine()


@pytest.fixture
def worklist(make_settings, make_worklist, clock, database_url):
    settings = make_settings(
        series_quiet_seconds=20, study_quiet_seconds=60, study_maximum_seconds=900, database_url=database_url
    )
    opened = make_worklist(settings, clock, clock.steady)
    yield opened
    opened.close()


def state(worklist):
    return worklist.study_details.study("1.2.3").state


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize(("eligible", "quiet"), [(True, 20), (False, 60)])
def test_the_quiet_time_is_the_same_whatever_the_clock_is_set_to(worklist, receive, clock, jump, eligible, quiet):
    receive(1, eligible=eligible)
    worklist.study_completion.advance()
    clock.forward(quiet / 2)
    clock.set_by(jump)
    assert worklist.study_completion.advance() == 0
    clock.forward(quiet / 2 - 1)
    assert worklist.study_completion.advance() == 0
    clock.forward(1)
    assert worklist.study_completion.advance() == 1


@pytest.mark.parametrize("jump", JUMPS)
def test_images_that_come_after_the_clock_was_set_keep_a_study_open(worklist, receive, clock, jump):
    receive(0)
    worklist.study_completion.advance()
    clock.set_by(jump)
    for number in range(1, 8):
        clock.forward(15)
        receive(number)
        assert worklist.study_completion.advance() == 0
    clock.forward(20)
    assert worklist.study_completion.advance() == 1


@pytest.mark.parametrize("jump", JUMPS)
def test_the_longest_time_is_the_same_too(worklist, receive, clock, jump):
    receive(0)
    for number in range(1, 89):
        worklist.study_completion.advance()
        if number == 30:
            clock.set_by(jump)
        clock.forward(10)
        receive(number)
    assert worklist.study_completion.advance() == 0
    clock.forward(19)
    receive(99)
    assert worklist.study_completion.advance() == 0
    clock.forward(1)
    assert worklist.study_completion.advance() == 1
    assert worklist.study_details.study("1.2.3").events[-1].code == "study_maximum"


@pytest.mark.parametrize("jump", [-10 * DAY, -60.0])
def test_a_clock_set_back_while_the_node_was_down_costs_one_quiet_time(worklist, receive, clock, jump):
    receive(1)
    clock.set_by(jump)
    worklist.study_completion.advance()
    clock.forward(20)
    assert worklist.study_completion.advance() == 1
    assert state(worklist) == StudyState.READY


def test_a_restart_does_not_begin_the_quiet_time_anew(worklist, receive, clock, make_settings, database_url):
    receive(1)
    clock.forward(19)
    settings = make_settings(series_quiet_seconds=20, study_quiet_seconds=60, database_url=database_url)
    restarted = Worklist(settings, clock, clock.steady)
    assert restarted.study_completion.advance() == 0
    clock.forward(1)
    assert restarted.study_completion.advance() == 1
    restarted.close()


def test_a_time_of_receipt_in_the_future_is_not_believed(worklist, receive, clock):
    clock.set_by(DAY)
    receive(1)
    clock.set_by(-DAY)
    receive(2)
    assert worklist.study_details.study("1.2.3").last_received_at == clock()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_lease_is_neither_ended_nor_prolonged_by_the_clock(worklist, receive, clock, jump):
    receive(1)
    clock.forward(60)
    worklist.study_completion.advance()
    assert worklist.claims.claim("node:1") is not None
    assert worklist.claims.release_expired() == []
    clock.set_by(jump)
    for _ in range(12):
        clock.forward(5)
        assert worklist.claims.release_expired() == []
    clock.forward(5)
    assert worklist.claims.release_expired() == ["node:1"]


def test_time_in_which_nobody_could_look_counts_up_to_a_limit():
    clock = Machine()
    watch: Stillness[str] = Stillness(clock, clock.steady, longest_step_seconds=15)
    at = clock()
    assert watch.look({"a": at}) == {"a": 0}
    clock.forward(10)
    assert watch.look({"a": at}) == {"a": 10}
    clock.forward(100)
    assert watch.look({"a": at, "b": at + 10}) == {"a": 25, "b": 15}
    assert watch.look({}) == {}
    assert watch.look({"a": at}) == {"a": 0}, "it was forgotten"
