"""Servers of the Unified Worklist as the settings name them."""

from triage_node.endpoints.workitem_servers.code import has_code
from triage_node.endpoints.workitem_servers.workitem_server import WorkitemServer

__all__ = [
    "WorkitemServer",
    "has_code",
]
