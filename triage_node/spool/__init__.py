"""Instances and results on disk: hashed names, atomic durable writes."""

from triage_node.spool.draft import Draft
from triage_node.spool.lock import hold
from triage_node.spool.store import Filing, Space, Spool

__all__ = ["Draft", "Filing", "Space", "Spool", "hold"]
