"""Instances and results on disk: hashed names, atomic durable writes."""

from triage_node.storage.device import device_uid
from triage_node.storage.draft import Draft
from triage_node.storage.layout import SLICE_SCORES, hashed
from triage_node.storage.lock import hold
from triage_node.storage.store import Filing, Space, Spool

__all__ = [
    "SLICE_SCORES",
    "Draft",
    "Filing",
    "Space",
    "Spool",
    "device_uid",
    "hashed",
    "hold",
]
