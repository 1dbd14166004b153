"""The watch over the disk that holds the spool."""

import logging
from collections.abc import Callable

from triage_node.byte_size import byte_size
from triage_node.errors import StorageError
from triage_node.storage import Level, Space, Spool

log = logging.getLogger(__name__)

CODES = {Level.OK: "disk_recovered", Level.LOW: "disk_low", Level.FULL: "disk_full"}


class DiskWatch:
    """Log each change of the disk's level once, and leave an event of it.

    Parameters
    ----------
    note
        Leaves an event: its code and its message.
    """

    def __init__(self, spool: Spool, note: Callable[[str, str], object]) -> None:
        self._spool = spool
        self._note = note
        self._logged = self._noted = Level.OK

    def check(self) -> None:
        """Look at the free space; an event that a full disk does not take is left as soon as it does."""
        space = self._spool.space()
        code, message = CODES[space.level], _message(space)
        if space.level is not self._logged:
            log.warning("%s free_mb=%d", code, space.free >> 20)
            self._logged = space.level
        if space.level is not self._noted:
            try:
                self._note(code, message)
            except StorageError:
                return  # said by whoever else cannot write
            self._noted = space.level


def _message(space: Space) -> str:
    refuses = "; nothing is taken" if space.level is Level.FULL else ""
    marks = f"a warning below {byte_size(space.warn)}, the reserve is {byte_size(space.reserve)}"
    return f"{byte_size(space.free)} of {byte_size(space.total)} are free ({marks}){refuses}."
