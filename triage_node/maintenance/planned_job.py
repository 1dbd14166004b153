"""A job with its work: when it is due, one run of it, and how that went."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol

from triage_node.errors import RowRefused, StorageError, TriageError
from triage_node.logs import origin
from triage_node.maintenance.daily import Daily
from triage_node.maintenance.job import Done, Job
from triage_node.worklist import JobRun

log = logging.getLogger(__name__)

Work = Callable[[], object]
"""What a job does; it may return what came of it (`Done`)."""

KEPT_SECONDS = 60.0
"""Jobs with an interval that long, and daily ones, are kept in the database; of the others seconds would fill it."""
START_SECONDS = 20.0
"""So long after the start the first job that was missed begins: what comes in is more urgent."""
AGAIN_SECONDS = 3600.0
"""A daily job that failed, or could not be begun, is tried again after this time."""
SAY_AGAIN_SECONDS = 600.0
A_DAY = timedelta(days=1)


class Runs(Protocol):
    """Where the runs of jobs are kept (`worklist.JobRuns`)."""

    def all(self, *, shared: bool) -> Mapping[str, JobRun]:
        """Return the last runs by the names of the jobs."""

    def recover(self) -> None:
        """Note of what was being done when this node ended that it was cut off."""

    def begin(self, name: str, day: date, at: float) -> bool:
        """Take a daily job's run of a day; False when it was taken already."""

    def set_day(self, name: str, day: date) -> None:
        """Count a day's run as made."""

    def note(self, run: JobRun, *, shared: bool) -> None:
        """Write how a run went."""


class PlannedJob:
    """One job.

    Parameters
    ----------
    job
        Its name, sentence and interval.
    daily
        The time of the day of a daily one.
    runs
        Where its runs are kept; without, they are forgotten at the end of the node.
    clock
        Seconds since 1970.
    steady
        Seconds of a clock that nobody can set.
    """

    def __init__(
        self,
        job: Job,
        work: Work,
        daily: Daily | None,
        runs: Runs | None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job = job
        self._work = work
        self.daily = daily
        self._runs = runs if self.is_long else None
        self._clock = clock
        self._steady = steady
        self._day = date.min
        self._ended = self._may_begin = steady()
        self._began: float | None = None
        self._is_kept = True
        self._said = 0.0
        self._changing = threading.Lock()

    @property
    def is_long(self) -> bool:
        """Whether it is one of those that are done now and then, and may take their time."""
        return self.daily is not None or self._job.every_seconds >= KEPT_SECONDS

    @property
    def name(self) -> str:
        """The job's name."""
        return self._job.name

    def replan(self, job: Job, work: Work, daily: Daily | None) -> None:
        """Go by another time from now on, and do this; how the last run went stays known."""
        with self._changing:
            self._job = replace(self._job, every_seconds=job.every_seconds, does=job.does, daily_at=job.daily_at)
            self._work, self.daily = work, daily

    def state(self) -> Job:
        """Return the job and how it went last; when it is due is known by who runs it."""
        now, began = self._steady(), self._began
        running = None if began is None else now - began
        return replace(self._job, silent_seconds=now - self._ended, running_seconds=running)

    def take_up(self, runs: Mapping[str, JobRun]) -> None:
        """Begin with what is known of its last run; a daily job that is new begins with its next time.

        Raises
        ------
        StorageError
            The database refused.
        """
        self._ended = self._steady()
        self._may_begin = self._ended + START_SECONDS
        run = runs.get(self.name)
        if run is not None:
            self.refresh(run)
        if self.daily is None:
            return
        if run is not None and run.day:
            self._day = date.fromisoformat(run.day)
        else:
            self._set_day(self.daily.last_day(self._clock()))

    def refresh(self, run: JobRun) -> None:
        """Show the last run as it is kept, which may be that of another node."""
        if self._began is None and self._is_kept:
            if run.ran_at != self._job.ran_at:
                self._ended = self._steady()
            known = {name: value for name, value in vars(run).items() if name not in ("name", "day")}
            with self._changing:
                self._job = replace(self._job, **known)

    def first_at(self) -> float:
        """Return when it is due after the start: at its interval's end after the last run, as far as that is past."""
        now, every = self._clock(), self._job.every_seconds
        if self.daily is not None:
            return self.next_at()
        if self._job.ran_at is None or not self.is_long:
            return now + min(every, START_SECONDS)
        return min(max(self._job.ran_at + every, now + START_SECONDS), now + every)

    def next_at(self) -> float:
        """Return when it is due, in seconds since 1970; no later than that is it run."""
        now = self._clock()
        if self.daily is None:
            return now + self._job.every_seconds
        if self._began is not None:
            return self.following_at()
        pause = max(0.0, self._may_begin - self._steady())
        return max(self.daily.next_at(now, self._day), now + pause)

    def following_at(self) -> float:
        """Return when it is due after the run that begins now."""
        if self.daily is None:
            return self.next_at()
        return self.daily.next_at(self._clock(), self.daily.last_day(self._clock()))

    def run(self) -> None:
        """Run it, if it is due; whatever happens is noted."""
        daily = self.daily
        if daily is None:
            self._do()
            self._keep()
            return
        try:
            if not self._takes_day(daily):
                return
        except StorageError as error:
            self._may_begin, self._is_kept = self._steady() + AGAIN_SECONDS, False
            self._note(self._steady(), error=_told(error))
            return
        self._do()
        if self._job.error:
            self._day, self._may_begin = self._day - A_DAY, self._steady() + AGAIN_SECONDS
        self._keep()

    def _takes_day(self, daily: Daily) -> bool:
        """Tell whether a daily run is to be made now, by this node."""
        now, believed = self._clock(), daily.believed(self._clock(), self._day)
        if believed != self._day:
            self._set_day(believed)
        day = daily.due_day(now, self._day)
        if day is None or self._steady() < self._may_begin:
            return False
        is_ours = self._runs is None or self._runs.begin(self.name, day, now)
        self._day = day
        return is_ours

    def _set_day(self, day: date) -> None:
        self._day = day
        if self._runs is not None:
            self._runs.set_day(self.name, day)

    def _do(self) -> None:
        began = self._began = self._steady()
        try:
            done = self._work()
        except Exception as failure:
            self._note(began, error=_told(failure) if self.is_long else origin(failure))
        else:
            self._note(began, done if isinstance(done, Done) else Done())
        finally:
            self._began = None

    def _note(self, began: float, done: Done | None = None, error: str = "") -> None:
        """Keep how it went; a failure is said when it is new, and now and then."""
        with self._changing:
            self._note_ended(began, done or Done(), error)

    def _note_ended(self, began: float, done: Done, error: str) -> None:
        now, before = self._steady(), self._job
        if error and (error != before.error or now - self._said >= SAY_AGAIN_SECONDS):
            log.error("job_failed job=%r error=%s", self.name, error)
            self._said = now
        if before.error and not error:
            log.info("job_recovered job=%r", self.name)
        self._ended = now
        ended = replace(before, ran_at=self._clock(), seconds=now - began, error=error)
        self._job = replace(ended, outcome=done.sentence, wants_look=done.wants_look)

    def _keep(self) -> None:
        if self._runs is None:
            return
        job = self._job
        run = JobRun(
            job.name,
            day=self._day.isoformat() if self.daily is not None else "",
            ran_at=job.ran_at,
            seconds=job.seconds,
            outcome=job.outcome,
            error=job.error,
            wants_look=job.wants_look,
        )
        try:
            self._runs.note(run, shared=self.daily is not None)
            self._is_kept = True
        except StorageError as error:
            self._is_kept = False
            log.error("job_not_noted job=%r error=%s", self.name, error)


def _told(failure: Exception) -> str:
    """Return what people may read of a failure; what a database says of values that it refuses may be a patient's."""
    told = isinstance(failure, TriageError) and not isinstance(failure, RowRefused)
    return str(failure) if told else origin(failure)
