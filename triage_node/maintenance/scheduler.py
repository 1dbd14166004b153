"""What the node does by the clock."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from triage_node.logs import origin
from triage_node.maintenance.clock_watch import TOLERANCE_SECONDS, ClockWatch

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
SAY_AGAIN_SECONDS = 600.0


@dataclass(frozen=True)
class Job:
    """A job and how it went last.

    ``error`` says where it failed; ``ran_at`` and ``next_at`` in seconds since 1970; ``silent_seconds`` since it ended
    last, or since the start of the scheduler, by a clock that nobody can set.
    """

    name: str
    every_seconds: float
    ran_at: float | None = None
    error: str = ""
    next_at: float | None = None
    silent_seconds: float = 0.0


class Every(BaseTrigger):  # type: ignore[misc]
    """Fire again some seconds after the last look.

    APScheduler's own interval lists each run that was missed: half a million an hour ago, for a clock set forward.
    """

    def __init__(self, seconds: float) -> None:
        self._interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Return when to fire next."""
        return now + self._interval


class Scheduler:
    """Run small jobs every few seconds; one that fails is logged and tried again the next time.

    APScheduler waits for times of the wall clock. When that is set, everything is due at once and goes on from there.
    One wrong reading of it, which may be over before anybody looks, could make it wait for an hour: so it is woken at
    each look, and no job is due later than its interval.

    Parameters
    ----------
    clock_set
        Called with the seconds by which the clock of the machine was set.
    """

    def __init__(
        self, clock_set: Callable[[float], object] | None = None, watch: Callable[[], ClockWatch] = ClockWatch
    ) -> None:
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(4)}, timezone=UTC, job_defaults={"misfire_grace_time": None}
        )
        self._clock_set = clock_set
        self._make_watch = watch
        self._jobs: dict[str, Job] = {}
        self._ended: dict[str, float] = {}
        self._said: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="clock-watch", daemon=True)

    @property
    def jobs(self) -> list[Job]:
        """Every job, with how it went last and when it runs next."""
        now = time.monotonic()
        following = {job.id: job.next_run_time for job in self._scheduler.get_jobs()} if self.is_alive else {}
        return [
            replace(
                job,
                next_at=following[name].timestamp() if following.get(name) else None,
                silent_seconds=now - self._ended.get(name, now),
            )
            for name, job in self._jobs.items()
        ]

    @property
    def is_alive(self) -> bool:
        """Whether it runs jobs."""
        thread = getattr(self._scheduler, "_thread", None)
        return bool(self._scheduler.running and thread is not None and thread.is_alive() and self._thread.is_alive())

    def every(self, seconds: float, job: Callable[[], object]) -> None:
        """Run a job at that interval, never twice at once."""
        name = getattr(job, "__qualname__", str(job))
        self._jobs[name] = Job(name, seconds)

        def guarded() -> None:
            error = ""
            try:
                job()
            except Exception as failure:
                error = origin(failure)
            self._note(name, error)

        self._scheduler.add_job(guarded, Every(seconds), id=name, max_instances=1, coalesce=True)

    def start(self) -> None:
        """Start running jobs."""
        now = time.monotonic()
        self._ended = dict.fromkeys(self._jobs, now)
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

    def _note(self, name: str, error: str) -> None:
        """Keep how a job went; a failure is said when it is new, and now and then."""
        now, before = time.monotonic(), self._jobs[name]
        if error and (error != before.error or now - self._said.get(name, now) >= SAY_AGAIN_SECONDS):
            log.error("job_failed job=%s error=%s", name, error)
            self._said[name] = now
        if before.error and not error:
            log.info("job_recovered job=%s", name)
        self._ended[name] = now
        self._jobs[name] = replace(before, ran_at=time.time(), error=error)

    def _watch(self) -> None:
        watch = self._make_watch()
        while not self._stopping.wait(LOOK_SECONDS):
            seconds = watch.look()
            if seconds:
                self._follow(seconds)
            self._hasten()
            self._scheduler.wakeup()

    def _hasten(self) -> None:
        """Make each job due that would run later than its interval allows."""
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            latest = now + timedelta(seconds=self._jobs[job.id].every_seconds + TOLERANCE_SECONDS)
            if job.next_run_time is not None and job.next_run_time > latest:
                job.modify(next_run_time=now)

    def _follow(self, seconds: float) -> None:
        log.warning("clock_set seconds=%.0f", seconds)
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))
        try:
            if self._clock_set is not None:
                self._clock_set(seconds)
        except Exception as failure:
            log.error("clock_not_followed error=%s", origin(failure))
