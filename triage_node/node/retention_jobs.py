"""What is deleted by age and for want of room, and whether worklist and spool agree, as jobs of the upkeep."""

from collections.abc import Callable
from pathlib import Path

from triage_node.ingest import Indexer, rebuild_study
from triage_node.node.shared_parts import SharedParts
from triage_node.retention import Pace, Reconciliation, Retention, RetentionPolicy

Held = Callable[[Callable[[], object]], Callable[[], object]]

RETENTION_SECONDS = 60.0
RECONCILIATION_SECONDS = 86_400.0


class RetentionJobs:
    """Delete what is old, and reconcile the local spool.

    With a bucket nothing is reconciled, and nothing deleted for room: local copies go by ``storage_cache_gb``.
    """

    def __init__(self, parts: SharedParts, indexer: Indexer) -> None:
        self._parts = parts
        self._pace = Pace(lambda: parts.spool.is_receiving)
        policy = RetentionPolicy.of(parts.settings)
        self._retention = Retention(parts.worklist, parts.spool, policy, self._pace)
        self._reconciliation = Reconciliation(
            parts.worklist, parts.spool, indexer.take_up, self._rebuild_study, self._pace
        )

    def plan(self, held: Held) -> None:
        """Put the jobs on the schedule; ``held`` makes of a job one that one process does at a time."""
        scheduler = self._parts.scheduler
        does = "Deletes what is old by the settings, and the oldest images when the disk is low."
        scheduler.every(RETENTION_SECONDS, held(self._retention.run), "retention", does)
        if self._parts.settings.storage_url is not None:
            return
        does = "Compares worklist and spool: rows without files, files without rows, and what was left half-made."
        scheduler.every(RECONCILIATION_SECONDS, held(self._reconciliation.run), "reconciliation", does)

    def end(self) -> None:
        """Begin nothing more; what is being deleted is gone on with at the next start."""
        self._pace.end()

    def _rebuild_study(self, folder: Path) -> bool:
        destinations = [str(one) for one in self._parts.settings.destinations]
        return rebuild_study(self._parts.spool, self._parts.worklist, destinations, folder)
