"""The watermark of the disk that holds the spool."""

import logging

from triage_node.storage import Spool

log = logging.getLogger(__name__)


class DiskWatch:
    """Warn once when the disk falls below twice the reserve, and once when it has recovered."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._low = False

    def check(self) -> None:
        """Look at the free space."""
        free = self._spool.space().free
        low = free < 2 * self._spool.reserve_bytes
        if low != self._low:
            log.warning("disk_low free_mb=%d" if low else "disk_recovered free_mb=%d", free >> 20)
        self._low = low
