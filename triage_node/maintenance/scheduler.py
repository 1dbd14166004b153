"""What the node does by the clock."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from triage_node.errors import StorageError
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.maintenance.clock_watch import TOLERANCE_SECONDS, ClockWatch
from triage_node.maintenance.daily import Daily
from triage_node.maintenance.job import Job
from triage_node.maintenance.planned_job import PlannedJob, Runs, Work
from triage_node.worklist import JobRun

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
A_DAY_SECONDS = 86_400.0
REFRESH_SECONDS = 10.0
SHORT, LONG = "default", "long"
"""Jobs that may take long have threads of their own, so that the others never wait for one."""


class WhenDue(BaseTrigger):  # type: ignore[misc]
    """Fire when a job says that it is due.

    APScheduler's own triggers list each run that was missed: half a million an hour ago, for a clock set forward.
    """

    def __init__(self, job: PlannedJob) -> None:
        self._job = job

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """Return when to fire next, which is later than now."""
        at = self._job.first_at() if previous is None else self._job.following_at()
        return max(_moment(at), now + timedelta(milliseconds=1))


class Scheduler:
    """Run jobs at their interval, or once a day; one that fails is logged and tried again.

    APScheduler waits for times of the wall clock. When that is set, everything is due at once and goes on from there;
    a daily job sees for itself that its day has come. One wrong reading of the clock, which may be over before anybody
    looks, could make it wait for an hour: so it is woken at each look, and no job is due later than it says.

    Parameters
    ----------
    clock_set
        Called with the seconds by which the clock of the machine was set.
    runs
        Where the last runs are kept over a restart, of jobs that run once a minute or less often; nowhere by default.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        clock_set: Callable[[float], object] | None = None,
        watch: Callable[[], ClockWatch] = ClockWatch,
        runs: Runs | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        executors = {SHORT: ThreadPoolExecutor(4), LONG: ThreadPoolExecutor(2)}
        self._scheduler = BackgroundScheduler(
            executors=executors, timezone=UTC, job_defaults={"misfire_grace_time": None}
        )
        self._clock_set = clock_set
        self._make_watch = watch
        self._runs = runs
        self._clock = clock or _now
        self._jobs: dict[str, PlannedJob] = {}
        self._refresh_at = 0.0
        self._planning = threading.Lock()
        self._stopping = threading.Event()
        self._thread = LastingThread(self._watch, "clock-watch", self._stopping)

    @property
    def jobs(self) -> list[Job]:
        """Every job, with how it went last and when it runs next."""
        self._refresh()
        following = {job.id: job.next_run_time for job in self._scheduler.get_jobs()} if self.is_alive else {}
        return [
            replace(job.state(), next_at=following[name].timestamp() if following.get(name) else None)
            for name, job in self._jobs.items()
        ]

    @property
    def is_alive(self) -> bool:
        """Whether it runs jobs."""
        thread = getattr(self._scheduler, "_thread", None)
        return bool(self._scheduler.running and thread is not None and thread.is_alive() and self._thread.is_alive())

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to end: a job that takes long leaves the rest for the next time."""
        return self._stopping.is_set()

    def every(self, seconds: float | None, work: Work, name: str = "", does: str = "") -> None:
        """Run a job at that interval, never twice at once; each node does so for itself.

        One of that name that there is already goes by this from now on.

        Parameters
        ----------
        seconds
            None has it not run, or no more.
        work
            What is done; it may return what came of it (`Done`).
        name, does
            What people call it, and what it does in a sentence.
        """
        called = name or getattr(work, "__qualname__", str(work))
        self._plan(Job(called, seconds or 0.0, does=does), work, None, is_wanted=seconds is not None)

    def daily(self, daily: Daily | None, work: Work, name: str, does: str) -> None:
        """Run a job once a day, by one of the nodes that share a database; what was missed is made up for.

        One of that name that there is already goes by this from now on. None has it not run, or no more.
        """
        self._plan(Job(name, A_DAY_SECONDS, does=does, daily_at=str(daily)), work, daily, is_wanted=daily is not None)

    def start(self) -> None:
        """Start running jobs."""
        self._recover()
        for job in self._jobs.values():
            self._take_up(job)
        self._scheduler.start()
        self._thread.start()

    def stop(self) -> None:
        """End after the jobs that are running."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._scheduler.running:
            self._scheduler.pause()  # else it may hand a job to its threads after they ended, and log a traceback
            self._scheduler.shutdown()

    def _plan(self, job: Job, work: Work, daily: Daily | None, *, is_wanted: bool) -> None:
        planned, before = PlannedJob(job, work, daily, self._runs, self._clock), self._jobs.get(job.name)
        with self._planning:
            if is_wanted and before is not None and before.is_long == planned.is_long:
                before.replan(job, work, daily)
                return
            if before is not None:
                self._scheduler.remove_job(job.name)
                self._jobs = {name: one for name, one in self._jobs.items() if name != job.name}
            if is_wanted:
                self._add(planned)

    def _add(self, planned: PlannedJob) -> None:
        self._jobs = {**self._jobs, planned.name: planned}
        if self._scheduler.running:
            self._take_up(planned)
        executor = LONG if planned.is_long else SHORT
        self._scheduler.add_job(
            planned.run, WhenDue(planned), id=planned.name, executor=executor, max_instances=1, coalesce=True
        )

    def _take_up(self, job: PlannedJob) -> None:
        """Begin with what is known of a job's last run; without the database it is as if it had none."""
        known: Mapping[str, JobRun] = {}
        try:
            if self._runs is not None and job.is_long:
                known = self._runs.all(shared=job.daily is not None)
            job.take_up(known)
        except StorageError as error:
            log.error("job_runs_not_known job=%r error=%s", job.name, error)

    def _recover(self) -> None:
        try:
            if self._runs is not None and any(job.daily is not None for job in self._jobs.values()):
                self._runs.recover()
        except StorageError as error:
            log.error("job_runs_not_recovered error=%s", error)

    def _refresh(self) -> None:
        """Show of daily jobs the last run by any node; now and then, as this is asked by each page and each probe."""
        now = time.monotonic()
        if self._runs is None or now < self._refresh_at:
            return
        self._refresh_at = now + REFRESH_SECONDS
        try:
            known = self._runs.all(shared=True)
        except StorageError:
            return  # said by whoever else cannot read
        jobs = self._jobs
        for name, run in known.items():
            if name in jobs:
                jobs[name].refresh(run)

    def _watch(self) -> None:
        watch = self._make_watch()
        while not self._stopping.wait(LOOK_SECONDS):
            seconds = watch.look()
            if seconds:
                self._follow(seconds)
            with self._planning:
                self._hasten()
            self._scheduler.wakeup()

    def _hasten(self) -> None:
        """Make each job due that would run later than it says."""
        for job in self._scheduler.get_jobs():
            due = _moment(self._jobs[job.id].next_at())
            if job.next_run_time is not None and (job.next_run_time - due).total_seconds() > TOLERANCE_SECONDS:
                job.modify(next_run_time=due if self._jobs[job.id].daily is not None else datetime.now(UTC))

    def _follow(self, seconds: float) -> None:
        log.warning("clock_set seconds=%.0f", seconds)
        with self._planning:
            for job in self._scheduler.get_jobs():
                if self._jobs[job.id].daily is None:
                    job.modify(next_run_time=datetime.now(UTC))
        try:
            if self._clock_set is not None:
                self._clock_set(seconds)
        except Exception as failure:
            log.error("clock_not_followed error=%s", origin(failure))


def _now() -> float:
    """Return what the clock that APScheduler goes by says."""
    return datetime.now(UTC).timestamp()


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
