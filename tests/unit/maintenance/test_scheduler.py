"""What runs by the clock, and how it went."""

from datetime import UTC, datetime, timedelta

import pytest

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
