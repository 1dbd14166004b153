"""Instances and results on disk: hashed names, atomic durable writes."""

from triage_node.storage.device import device_uid
from triage_node.storage.draft import Draft
from triage_node.storage.lock import hold
from triage_node.storage.store import Filing, Space, Spool

__all__ = [
    "Draft",
    "Filing",
    "Space",
    "Spool",
    "device_uid",
    "hold",
]
