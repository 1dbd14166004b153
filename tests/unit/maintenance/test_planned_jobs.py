"""Daily and rare jobs over restarts, failures, clock changes, and several nodes on one database."""

from datetime import UTC, date, datetime, time
from itertools import pairwise

import pytest

from triage_node.errors import RowRefused, StorageError
from triage_node.maintenance import Daily, Done
from triage_node.maintenance import planned_job as planning
from triage_node.maintenance.job import Job
from triage_node.maintenance.planned_job import PlannedJob
from triage_node.worklist.upkeep.job_runs import JobRuns

AT = Daily(time(1, 30), UTC)
DAY = 86_400


@pytest.fixture
def runs(worklist) -> JobRuns:
    return worklist.job_runs


@pytest.fixture(autouse=True)
def noon(clock):
    """Begin at noon, an hour that no job of these tests is due at."""
    clock.now = datetime(2026, 6, 10, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def begin(runs, clock):
    """Plan a job as a node does at its start; each run is noted in ``ran`` by the day of the wall clock."""

    def begin(ran: list[date], daily=AT, every=DAY, fail=None, runs=runs) -> PlannedJob:
        def work():
            ran.append(datetime.fromtimestamp(clock(), UTC).date())
            if fail:
                raise fail[0]
            return Done(f"run {len(ran)}")

        job = PlannedJob(Job("backup", every), work, daily, runs, clock, clock)
        job.take_up({} if runs is None else runs.all(shared=daily is not None))
        return job

    return begin


def go_on(job, clock, seconds, step=600):
    for _ in range(int(seconds // step)):
        clock.forward(step)
        job.run()


def test_a_new_daily_job_waits_for_its_time_and_runs_once_a_day(begin, clock, runs):
    ran = []
    job = begin(ran)
    go_on(job, clock, 3 * DAY)
    assert ran == [date(2026, 6, 11), date(2026, 6, 12), date(2026, 6, 13)]
    assert (job.state().outcome, job.state().error) == ("run 3", "")
    assert runs.all(shared=True)["backup"].outcome == "run 3"


def test_what_was_missed_while_the_node_was_down_is_made_up_for_soon_and_once(begin, clock):
    ran = []
    begin(ran)
    clock.forward(5 * DAY)
    again = begin(ran)
    assert again.next_at() == clock() + planning.START_SECONDS
    again.run()
    assert ran == []
    clock.forward(planning.START_SECONDS)
    again.run()
    assert ran == [date(2026, 6, 15)]
    go_on(begin(ran), clock, DAY / 2)
    assert ran == [date(2026, 6, 15)], "a restart on the same day runs nothing"


def test_what_a_kill_cut_off_is_said_and_made_again(begin, clock, runs):
    ran = []
    begin(ran)
    clock.forward(DAY)
    assert runs.begin("backup", date(2026, 6, 11), clock())
    runs.recover()
    job = begin(ran)
    assert "cut off" in job.state().error
    go_on(job, clock, 1200)
    assert (ran, job.state().error) == ([date(2026, 6, 11)], "")


def test_a_failure_is_tried_again_after_an_hour_until_it_goes(begin, clock):
    ran, fail = [], [StorageError("The disk is full.")]
    job = begin(ran, fail=fail)
    go_on(job, clock, 14 * 3600 + 1200)
    assert job.state().error == "The disk is full."
    tries = len(ran)
    go_on(job, clock, 3600)
    assert len(ran) == tries + 1
    fail.clear()
    go_on(job, clock, 4 * 3600)
    assert len(ran) == tries + 2


def test_what_a_database_says_of_values_is_not_shown(begin, clock):
    job = begin([], fail=[RowRefused("Doe^Jane is no number")])
    go_on(job, clock, DAY)
    assert job.state().error.startswith("RowRefused at ")


@pytest.mark.parametrize("jump", [-3 * 3600, -2 * DAY, -400 * DAY, 400 * DAY])
def test_a_clock_that_is_set_makes_one_run_a_day_of_it(begin, clock, jump):
    ran, hours = [], []
    job = begin(ran, daily=AT)
    steady = [clock()]
    job._steady = lambda: steady[0]
    for hour in range(5 * 24):
        clock.now += 3600 + jump * (hour == 40)
        steady[0] += 3600
        count = len(ran)
        job.run()
        hours += [hour] * (len(ran) - count)
    pauses = [later - earlier for earlier, later in pairwise(hours)]
    assert max(pauses) <= 47, "it goes on at its pace"
    assert [one for one in pauses if one < 20] == ([3] if jump == 400 * DAY else []), "a new day has come, or none"


def test_a_clock_that_was_a_year_ahead_for_a_moment_costs_at_most_a_day(begin, clock):
    ran = []
    job = begin(ran)
    clock.now += 365 * DAY
    go_on(job, clock, 1200)
    clock.now -= 365 * DAY
    go_on(job, clock, 2 * DAY)
    assert ran == [date(2027, 6, 10), date(2026, 6, 11), date(2026, 6, 12)]


def test_of_two_nodes_on_one_database_one_makes_the_daily_run(begin, clock, worklist):
    here, there = [], []
    jobs = [begin(here), begin(there, runs=JobRuns(worklist.database, "OTHER@elsewhere"))]
    for _ in range(3 * 24):
        clock.forward(3600)
        for job in jobs:
            job.run()
    assert (len(here), len(there)) == (3, 0)


def test_what_another_node_did_is_shown_and_makes_none_late(begin, clock, worklist):
    ours, theirs = begin([]), begin([], runs=JobRuns(worklist.database, "OTHER@elsewhere"))
    for _ in range(5):
        clock.forward(DAY)
        theirs.run()
        ours.refresh(worklist.job_runs.all(shared=True)["backup"])
        ours.run()
    assert (ours.state().outcome, ours.state().silent_seconds) == (theirs.state().outcome, 0.0)


def test_a_daily_job_that_a_database_does_not_let_begin_says_so_until_it_does(begin, clock, runs, monkeypatch):
    ran = []
    job = begin(ran)

    def refuse(*_args, **_more):
        raise StorageError("The disk is full.")

    with monkeypatch.context() as full:
        full.setattr(runs, "begin", refuse)
        clock.forward(DAY)
        job.run()
        job.refresh(runs.all(shared=True)["backup"])
        assert (ran, job.state().error) == ([], "The disk is full.")
        job.run()
    clock.forward(planning.AGAIN_SECONDS)
    job.run()
    assert (len(ran), job.state().error) == (1, "")


def test_a_rare_job_is_due_at_its_interval_after_the_last_run_over_a_restart(begin, clock):
    ran = []
    job = begin(ran, daily=None, every=3600)
    assert job.first_at() == clock() + planning.START_SECONDS
    job.run()
    clock.forward(1800)
    again = begin(ran, daily=None, every=3600)
    assert again.first_at() == clock() + 1800
    assert again.state().outcome == "run 1"
    clock.now -= 30 * DAY
    assert begin(ran, daily=None, every=3600).first_at() == clock() + 3600


def test_a_job_runs_without_the_database_and_is_noted_when_it_is_back(begin, clock, runs, monkeypatch):
    ran = []
    job = begin(ran, daily=None, every=3600)

    def refuse(*_args, **_more):
        raise StorageError("full")

    with monkeypatch.context() as full:
        full.setattr(runs, "note", refuse)
        job.run()
    job.refresh(runs.all(shared=False).get("backup") or next(iter(runs.all(shared=True).values()), None) or _none())
    assert job.state().outcome == "run 1", "what is known here is newer than what is kept"
    job.run()
    assert runs.all(shared=False)["backup"].outcome == "run 2"


def _none():
    from triage_node.worklist import JobRun

    return JobRun("backup")
