"""What a sender is told of an instance: one table for C-STORE (PS3.4 Table B.2-1) and STOW-RS (PS3.18 Table I.2-2)."""

import logging

from triage_node.errors import InvalidInstance, StorageError, StorageFull
from triage_node.logs import origin

log = logging.getLogger(__name__)

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
# PS3.7 Annex C
PROCESSING_FAILURE = 0x0110
INVALID_SOP_INSTANCE = 0x0117
SOP_CLASS_NOT_SUPPORTED = 0x0122
UNRECOGNIZED_OPERATION = 0x0211
# Which of its data an InvalidInstance has
STATUSES = {
    "announced": DATA_SET_DOES_NOT_MATCH,
    "sop_class": SOP_CLASS_NOT_SUPPORTED,
    "sop_instance": INVALID_SOP_INSTANCE,
}
INSTANCE_REASONS = (*STATUSES, "too_large")
REFUSAL_REASONS = ("disk_full", "storage_failed", *INSTANCE_REASONS, "unreadable", "failed")


def refusal_reason(error: Exception) -> str:
    """Return in a word why an instance was not kept; there are few, so that they can be counted."""
    if isinstance(error, StorageFull):
        return "disk_full"
    if isinstance(error, StorageError):
        return "storage_failed"
    if isinstance(error, InvalidInstance):
        return next((what for what in INSTANCE_REASONS if what in error.data), "unreadable")
    return "failed"


def status_of(error: Exception) -> int:
    """Return the status for what ingest raised; an error of ours is logged by where, not by what."""
    if isinstance(error, StorageError):
        return OUT_OF_RESOURCES
    if isinstance(error, InvalidInstance):
        return next((status for what, status in STATUSES.items() if what in error.data), CANNOT_UNDERSTAND)
    log.error("store_failed error=%s", origin(error))
    return PROCESSING_FAILURE
