"""How a destination of each kind takes a report: one protocol, one file a kind, a table by the scheme of the URL."""

from triage_node.delivery.targets.registry import target_of
from triage_node.delivery.targets.target import Target

__all__ = [
    "Target",
    "target_of",
]
