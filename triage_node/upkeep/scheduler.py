"""What the node does by the clock."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from triage_node.logs import origin

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A job and how it went last: ``error`` says where it failed; ``ran_at`` in seconds since 1970."""

    name: str
    every_seconds: float
    ran_at: float | None = None
    error: str = ""


class Scheduler:
    """Run small jobs every few seconds; one that fails is logged and tried again the next time."""

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(4)}, timezone="UTC")
        self._jobs: dict[str, Job] = {}

    @property
    def jobs(self) -> list[Job]:
        """Every job, with how it went last."""
        return list(self._jobs.values())

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
                log.error("job_failed job=%s error=%s", name, error)
            self._jobs[name] = replace(self._jobs[name], ran_at=time.time(), error=error)

        self._scheduler.add_job(guarded, "interval", seconds=seconds, max_instances=1, coalesce=True)

    def start(self) -> None:
        """Start running jobs."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the jobs that are running."""
        if self._scheduler.running:
            self._scheduler.shutdown()
