"""Instances and results on disk: hashed names, atomic durable writes."""

from triage_node.spool.device import device_uid
from triage_node.spool.draft import Draft
from triage_node.spool.lock import hold
from triage_node.spool.store import Filing, Space, Spool

__all__ = ["Draft", "Filing", "Space", "Spool", "device_uid", "hold"]
