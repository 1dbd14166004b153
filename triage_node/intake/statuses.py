"""What a sender is told of an instance: one table for C-STORE (PS3.4 Table B.2-1) and STOW-RS (PS3.18 Table I.2-2)."""

import logging

from triage_node.errors import InvalidInstance, StorageError
from triage_node.logs import origin

log = logging.getLogger(__name__)

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
# PS3.7 Annex C
PROCESSING_FAILURE = 0x0110
UNRECOGNIZED_OPERATION = 0x0211


def status_of(error: Exception) -> int:
    """Return the status for what the door raised; an error of ours is logged by where, not by what."""
    if isinstance(error, StorageError):
        return OUT_OF_RESOURCES
    if isinstance(error, InvalidInstance):
        return DATA_SET_DOES_NOT_MATCH if "announced" in error.data else CANNOT_UNDERSTAND
    log.error("store_failed error=%s", origin(error))
    return PROCESSING_FAILURE
