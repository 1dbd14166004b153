"""What the parts of a node count and time as they work."""

from triage_node.instrumentation.finished_analysis import FinishedAnalysis
from triage_node.instrumentation.instruments import AssociationRefusal, DeliveryResult, Instruments

__all__ = [
    "AssociationRefusal",
    "DeliveryResult",
    "FinishedAnalysis",
    "Instruments",
]
