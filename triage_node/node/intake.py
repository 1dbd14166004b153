"""What every role needs that takes instances in: the one way in, and the indexer behind it."""

import logging

from triage_node.config import Settings
from triage_node.errors import StorageError
from triage_node.ingest import Indexer, Ingest
from triage_node.node.shared_parts import SharedParts

log = logging.getLogger(__name__)

ADOPT_SECONDS = 10.0
SENDERS_SECONDS = 5.0


class Intake:
    """Keep instances and give them their rows, those too that a process kept that died."""

    def __init__(self, parts: SharedParts) -> None:
        self._parts = parts
        spool, worklist = parts.spool, parts.worklist
        self.indexer = Indexer(spool, worklist)
        maximum_bytes = parts.settings.maximum_instance_mb << 20
        self.ingest = Ingest(spool, worklist, self.indexer, maximum_bytes, worklist.clock, parts.instruments)

    def start(self) -> None:
        """Take up what was left, then go on with what comes."""
        self.indexer.start()
        does = "Writes down who has sent, and what was refused of whom."
        self._parts.scheduler.every(SENDERS_SECONDS, self.ingest.write_senders, "senders", does)
        if self._parts.is_shared:
            does = "Takes up what a process received that ended before it had registered it."
            self._parts.scheduler.every(ADOPT_SECONDS, self.indexer.adopt, "takeover", does)

    def use(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        self.ingest.maximum_bytes = settings.maximum_instance_mb << 20

    def stop(self) -> None:
        """Register what was kept, and write down who sent it; whatever brings instances has ended."""
        self.indexer.stop()
        try:
            self.ingest.write_senders()
        except StorageError as error:
            log.warning("senders_not_written error=%s", error)
