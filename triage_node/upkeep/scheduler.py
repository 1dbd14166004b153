"""What the node does by the clock."""

import logging
from collections.abc import Callable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from triage_node.logs import origin

log = logging.getLogger(__name__)


class Scheduler:
    """Run small jobs every few seconds; one that fails is logged and tried again the next time."""

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(4)}, timezone="UTC")

    def every(self, seconds: float, job: Callable[[], object]) -> None:
        """Run a job at that interval, never twice at once."""

        def guarded() -> None:
            try:
                job()
            except Exception as error:
                log.error("job_failed job=%s error=%s", getattr(job, "__qualname__", job), origin(error))

        self._scheduler.add_job(guarded, "interval", seconds=seconds, max_instances=1, coalesce=True)

    def start(self) -> None:
        """Start running jobs."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the jobs that are running."""
        if self._scheduler.running:
            self._scheduler.shutdown()
