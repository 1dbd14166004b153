"""The composition root: the one place where the node's parts are put together."""

import fcntl
import logging
import os
from typing import IO

from triage_node.config import Settings
from triage_node.delivery import Courier, RetryPolicy
from triage_node.errors import StorageError
from triage_node.intake import Door, Listener, Registrar, rebuild_worklist
from triage_node.pipeline.supervisor import Supervisor
from triage_node.spool import Spool
from triage_node.upkeep.disk import DiskWatch
from triage_node.upkeep.scheduler import Scheduler
from triage_node.web.parts import Fact
from triage_node.web.server import WebServer
from triage_node.web.system import MACHINERY, Job, Machinery, Worker
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)


class Node:
    """A running node.

    Parameters
    ----------
    settings
        Everything that can be set.

    Raises
    ------
    StorageError
        The data folder or the database cannot be used, or another node uses the folder.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.spool = Spool(settings.data_dir / "spool", settings.disk_reserve_mb << 20)
        self._lock = _lock(settings)
        self.worklist = Worklist(settings)
        self.registrar = Registrar(self.spool, self.worklist)
        self.door = Door(self.spool, self.worklist, self.registrar, settings.maximum_instance_mb << 20)
        self.listener = Listener(settings, self.door)
        self.supervisor = Supervisor(settings, self.worklist)
        self.couriers = [self._courier(index) for index in range(len(settings.destinations))]
        self.scheduler = Scheduler()
        self.web = self._web() if settings.web_enabled else None

    def start(self) -> None:
        """Take up what an earlier run left, then start every part; returns at once.

        Raises
        ------
        StorageError
            The database cannot be prepared or the address cannot be bound.
        """
        self.worklist.prepare()
        self._recover()
        self.registrar.start()
        self.listener.start()
        if self.web is not None:
            self.web.start()
        for courier in self.couriers:
            courier.start()
        self.scheduler.every(self._tick_seconds, self.worklist.assembly.advance)
        self.scheduler.every(0.5, self.supervisor.check)
        self.scheduler.every(5, self.supervisor.kill_if_stuck)
        self.scheduler.every(30, DiskWatch(self.spool).check)
        self.scheduler.every(30, self.worklist.queue_history.look)
        self.supervisor.check()
        self.scheduler.start()
        log.info("node_started ae_title=%r port=%d", self.settings.ae_title, self.listener.port)

    def stop(self) -> None:
        """End every part in the order a study takes, so that nothing acknowledged is left behind."""
        if self.web is not None:
            self.web.stop()
        self.listener.stop()
        self.registrar.stop()
        self.scheduler.stop()
        self.supervisor.stop()
        for courier in self.couriers:
            courier.stop()
        self.worklist.close()
        self._lock.close()
        log.info("node_stopped")

    @property
    def _tick_seconds(self) -> float:
        return min(1.0, self.settings.series_quiet_seconds / 4, self.settings.study_quiet_seconds / 4)

    def _recover(self) -> None:
        if self.worklist.views.is_empty():
            rebuild_worklist(self.spool, self.worklist, [str(one) for one in self.settings.destinations])
        self.worklist.claims.release_node(self.settings.node_name)
        self.worklist.outbox.recover()

    def _web(self) -> WebServer:
        more = {MACHINERY: Machinery(self._worker, self._jobs)}
        return WebServer(self.settings, self.worklist, self.spool, door=self.door, ready=self._facts, more=more)

    def _worker(self) -> Worker:
        status = self.supervisor.status
        return Worker(self.supervisor.pid, status.ready, status.device, status.model, status.version, status.error)

    def _jobs(self) -> list[Job]:
        return [Job(job.name, job.every_seconds, job.ran_at, job.error) for job in self.scheduler.jobs]

    def _facts(self) -> list[Fact]:
        """Say what the node needs to do its work now and whether it is there."""
        space = self.spool.space()
        return [
            Fact("database", self.worklist.answers()),
            Fact("disk", space.free >= self.spool.reserve_bytes, f"{space.free >> 20} MB free"),
            Fact("model", self.supervisor.status.ready, self.supervisor.status.error),
        ]

    def _courier(self, index: int) -> Courier:
        settings = self.settings
        policy = RetryPolicy(
            settings.retry_first_seconds, settings.retry_longest_seconds, settings.retry_give_up_hours * 3600
        )
        return Courier(
            settings.destinations[index],
            self.worklist,
            policy,
            settings.ae_title,
            settings.connect_timeout_seconds,
        )


def _lock(settings: Settings) -> IO[str]:
    """Hold the data folder for one node; the lock ends with the process, however it ends."""
    path = settings.data_dir / "node.lock"
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "w")
    except OSError as error:
        raise StorageError(f"Could not use the data folder {settings.data_dir}: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StorageError(f"Another node uses the data folder {settings.data_dir}.") from error
    return file
