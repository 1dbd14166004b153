"""What Prometheus is told of a node: its instruments, and what its parts and its database know at that moment."""

from triage_node.monitoring.exposition import Exposition
from triage_node.monitoring.metrics_server import MetricsServer

__all__ = [
    "Exposition",
    "MetricsServer",
]
