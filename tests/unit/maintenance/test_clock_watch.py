"""The machine's clock is set while the jobs of the node run."""

import datetime
import logging

import apscheduler.schedulers.base
import pytest

from triage_node.maintenance import Daily
from triage_node.maintenance import planned_job as planning
from triage_node.maintenance import scheduler as scheduling
from triage_node.maintenance.clock_watch import ClockWatch
from triage_node.maintenance.scheduler import Scheduler

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seconds", [-86400.0, -3.0, 3.0, 86400.0])
def test_a_clock_that_was_set_is_told_once_and_by_how_much(seconds):
    now = {"wall": 1e9, "steady": 5.0}
    watch = ClockWatch(lambda: now["wall"], lambda: now["steady"])
    for _ in range(10):
        now["wall"] += 1
        now["steady"] += 1
        assert watch.look() == 0
    now["wall"] += seconds + 1
    now["steady"] += 1
    assert watch.look() == pytest.approx(seconds)
    assert watch.look() == 0


def test_small_differences_add_up_to_one_that_is_told():
    now = {"wall": 1e9}
    watch = ClockWatch(lambda: now["wall"], lambda: 5.0)
    told = []
    for _ in range(10):
        now["wall"] += 0.5
        told.append(watch.look())
    assert [one for one in told if one] == [2.0, 2.0]


class Wall:
    """The time that APScheduler sees."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return datetime.datetime.now().timestamp() + self.offset


@pytest.fixture
def wall(monkeypatch):
    wall, real = Wall(), datetime.datetime

    class Shifted(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + datetime.timedelta(seconds=wall.offset)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Shifted)
    monkeypatch.setattr(scheduling, "datetime", Shifted)
    monkeypatch.setattr(scheduling, "LOOK_SECONDS", 0.05)
    return wall


@pytest.mark.parametrize("jump", [-400 * 86400.0, -120.0, 120.0, 400 * 86400.0])
def test_jobs_go_on_at_their_pace_however_the_clock_is_set(wall, wait_for, jump):
    followed: list[float] = []
    runs: list[int] = []
    scheduler = Scheduler(followed.append, lambda: ClockWatch(wall))
    scheduler.every(0.05, lambda: runs.append(1))
    scheduler.start()
    try:
        wait_for(lambda: len(runs) > 3, "the first runs")
        wall.offset = jump
        wait_for(lambda: followed, "the jump to be noticed")
        before = len(runs)
        wait_for(lambda: len(runs) > before + 5, "runs after it", 10)
        assert followed == [pytest.approx(jump, abs=1)]
        assert scheduler.is_alive
        assert scheduler.jobs[0].silent_seconds < 5
        wall.offset = 0.0
        wait_for(lambda: len(followed) == 2, "the way back to be noticed")
        before = len(runs)
        wait_for(lambda: len(runs) > before + 5, "runs after that", 10)
    finally:
        scheduler.stop()
    assert not scheduler.is_alive


def test_a_daily_job_runs_when_its_day_comes_however_the_clock_is_set(wall, wait_for, monkeypatch):
    monkeypatch.setattr(planning, "START_SECONDS", 0.0)
    runs: list[int] = []
    ago = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)).time()
    scheduler = Scheduler(watch=lambda: ClockWatch(wall))
    scheduler.daily(Daily(ago, datetime.UTC), lambda: runs.append(1), "daily", "Does something.")
    ticks: list[int] = []
    scheduler.every(0.05, lambda: ticks.append(1))
    scheduler.start()

    def some_looks() -> None:
        before = len(ticks)
        wait_for(lambda: len(ticks) > before + 10, "some time")

    try:
        some_looks()
        [job] = [one for one in scheduler.jobs if one.name == "daily"]
        assert (runs, job.daily_at) == ([], f"{ago:%H:%M}"), "its time of today was before the start"
        assert 21 * 3600 < job.next_at - wall() < 23 * 3600
        wall.offset = 86_400.0
        wait_for(lambda: runs == [1], "the run of the next day")
        some_looks()
        wall.offset = 0.0
        some_looks()
        wall.offset = 400 * 86_400.0
        wait_for(lambda: len(runs) == 2, "one run for 400 days")
        some_looks()
        assert len(runs) == 2
    finally:
        scheduler.stop()


def test_a_job_that_fails_each_time_is_said_once(wait_for, caplog):
    caplog.set_level(logging.INFO, "triage_node.maintenance")
    runs, mended = [], []

    def fail() -> None:
        runs.append(1)
        if not mended:
            raise OSError("gone")

    scheduler = Scheduler()
    scheduler.every(0.01, fail)
    scheduler.start()
    try:
        wait_for(lambda: len(runs) > 20, "many failures")
        mended.append(1)
        wait_for(lambda: not scheduler.jobs[0].error, "its recovery")
    finally:
        scheduler.stop()
    assert [one.getMessage().split()[0] for one in caplog.records] == ["job_failed", "job_recovered"]
