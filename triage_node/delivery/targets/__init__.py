"""How a destination of each kind takes a report: one protocol, one file a kind, a table by the scheme of the URL."""

from triage_node.delivery.targets.registry import target_of
from triage_node.delivery.targets.target import Caller, Target

__all__ = [
    "Caller",
    "Target",
    "target_of",
]
