"""The role `worker`: studies are analyzed."""

from triage_node.config import Settings
from triage_node.node.shared_parts import SharedParts
from triage_node.pipeline import Supervisor

CHECK_SECONDS = 0.5
EXPIRY_SECONDS = 5.0


class WorkerRole:
    """A worker process and its supervisor, which also gives back what workers had that died. Any number may run."""

    def __init__(self, parts: SharedParts) -> None:
        self._scheduler = parts.scheduler
        self.supervisor = Supervisor(parts.settings, parts.worklist, parts.name)

    def start(self) -> None:
        """Start the worker, and have it started again whenever it ends."""
        self._scheduler.every(CHECK_SECONDS, self.supervisor.check)
        self._scheduler.every(EXPIRY_SECONDS, self.supervisor.kill_if_stuck)
        self.supervisor.check()

    def use(self, settings: Settings) -> None:
        """Hand other settings to the worker."""
        self.supervisor.use(settings)

    def stop(self) -> None:
        """End the worker; its study returns to the queue."""
        self.supervisor.stop()
