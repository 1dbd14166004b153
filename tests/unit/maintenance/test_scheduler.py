"""What runs by the clock, and how it went."""

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
