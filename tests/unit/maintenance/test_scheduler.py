"""What runs by the clock, and how it went."""

from datetime import UTC, datetime, time, timedelta

import pytest

from triage_node.maintenance.daily import Daily
from triage_node.maintenance.scheduler import Scheduler


@pytest.fixture
def scheduler():
    scheduler = Scheduler()
    yield scheduler
    scheduler.stop()


def test_a_job_that_fails_is_known_and_tried_again(scheduler, wait_for):
    mended = []

    def flaky() -> None:
        if not mended:
            raise OSError("gone")

    scheduler.every(0.02, flaky)
    [before] = scheduler.jobs
    assert before.name.endswith("flaky")
    assert (before.ran_at, before.error) == (None, "")
    scheduler.start()
    wait_for(lambda: scheduler.jobs[0].error.startswith("OSError"), "the failure is known")
    assert scheduler.jobs[0].ran_at is not None
    mended.append(True)
    wait_for(lambda: scheduler.jobs[0].error == "", "the job is well again")


def test_a_job_that_would_run_in_an_hour_runs_by_its_interval(scheduler, wait_for):
    """One reading of a clock that was wrong for a moment, when the job was put down for its next run."""
    ran = []
    scheduler.every(0.05, lambda: ran.append(1))
    scheduler.start()
    [job] = scheduler._scheduler.get_jobs()
    job.modify(next_run_time=datetime.now(UTC) + timedelta(hours=1))
    count = len(ran)
    wait_for(lambda: len(ran) > count + 2, "the job runs again")


def test_one_wrong_reading_of_the_clock_does_not_stop_all_jobs(scheduler, wait_for, monkeypatch):
    """A fault run found it: the scheduler read the time it wakes at from one clock and the time it is from another."""
    wrong = []

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            right = datetime.now(tz)
            return right - timedelta(hours=1) if wrong and wrong.pop() else right

    ran = []
    scheduler.every(0.05, lambda: ran.append(1))
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Clock)
    scheduler.start()
    wait_for(lambda: ran, "the job runs")
    wrong.extend([True, False])  # the reading after the next one
    wait_for(lambda: not wrong, "the clock was read")
    count = len(ran)
    wait_for(lambda: len(ran) > count + 2, "the job runs again")


def test_a_job_that_is_planned_anew_goes_by_the_other_time_and_does_the_other_work(scheduler, wait_for):
    before, after = [], []
    scheduler.every(3000, lambda: before.append(1), "job", "As it was.")
    scheduler.start()
    scheduler.every(0.05, lambda: after.append(1), "other", "Beside.")
    wait_for(lambda: after, "the job that came later")
    scheduler.every(None, lambda: None, "other")
    assert [job.name for job in scheduler.jobs] == ["job"]
    count = len(after)
    scheduler.every(2000, lambda: after.append(2), "job", "As it is.")
    [job] = scheduler.jobs
    assert (job.every_seconds, job.does) == (2000, "As it is.")
    scheduler._jobs["job"].run()
    assert after[count:] == [2] and not before
    assert scheduler.jobs[0].ran_at is not None


def test_a_daily_job_is_due_at_its_other_time(scheduler):
    scheduler.daily(Daily(time(1, 30), UTC), lambda: None, "backup", "Copies.")
    scheduler.start()
    scheduler.daily(Daily(time(2, 45), UTC), lambda: None, "backup", "Copies.")
    [job] = scheduler.jobs
    assert job.daily_at == "02:45"
    assert scheduler.is_alive
    scheduler.daily(None, lambda: None, "backup", "Copies.")
    assert not scheduler.jobs


def test_who_was_told_to_run_seldom_and_then_often_is_kept_like_the_others(scheduler):
    """Runs of jobs that are done now and then are kept over a restart, and take their time on threads of their own."""
    scheduler.every(300, lambda: None, "echo", "Tries.")
    scheduler.every(5, lambda: None, "echo", "Tries.")
    [job] = scheduler._jobs.values()
    assert not job.is_long
    assert [one.executor for one in scheduler._scheduler.get_jobs()] == ["default"]
