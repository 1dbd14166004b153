"""What every role needs that takes instances in: the one way in, and the indexer behind it."""

from triage_node.config import Settings
from triage_node.ingest import Indexer, Ingest
from triage_node.node.shared_parts import SharedParts

ADOPT_SECONDS = 10.0


class Intake:
    """Keep instances and give them their rows, those too that a process kept that died."""

    def __init__(self, parts: SharedParts) -> None:
        self._parts = parts
        spool, worklist = parts.spool, parts.worklist
        self.indexer = Indexer(spool, worklist)
        self.ingest = Ingest(spool, worklist, self.indexer, parts.settings.maximum_instance_mb << 20, worklist.clock)

    def start(self) -> None:
        """Take up what was left, then go on with what comes."""
        self.indexer.start()
        if self._parts.is_shared:
            self._parts.scheduler.every(ADOPT_SECONDS, self.indexer.adopt)

    def use(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        self.ingest.maximum_bytes = settings.maximum_instance_mb << 20

    def stop(self) -> None:
        """Register what was kept; whatever brings instances has ended."""
        self.indexer.stop()
