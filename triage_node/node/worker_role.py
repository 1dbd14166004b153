"""The role `worker`: studies are analyzed."""

from triage_node.config import Settings
from triage_node.node.shared_parts import SharedParts
from triage_node.node_jobs import plan_worker
from triage_node.pipeline import Supervisor


class WorkerRole:
    """A worker process and its supervisor, which also gives back what workers had that died. Any number may run."""

    def __init__(self, parts: SharedParts) -> None:
        self._scheduler = parts.scheduler
        self.supervisor = Supervisor(parts.settings, parts.worklist, parts.name, parts.instruments)

    def start(self) -> None:
        """Start the worker, and have it started again whenever it ends."""
        plan_worker(self._scheduler, self.supervisor)
        self.supervisor.check()

    def use(self, settings: Settings) -> None:
        """Hand other settings to the worker."""
        self.supervisor.use(settings)

    def stop(self) -> None:
        """End the worker; its study returns to the queue."""
        self.supervisor.stop()
