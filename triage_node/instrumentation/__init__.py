"""What the parts of a node count, time and trace as they work."""

from triage_node.instrumentation.finished_analysis import STEPS, FinishedAnalysis
from triage_node.instrumentation.instruments import AssociationRefusal, DeliveryResult, Instruments
from triage_node.instrumentation.traces import NoTraces, OpenTelemetryTraces, Traces, trace_id_of, traces_to

__all__ = [
    "STEPS",
    "AssociationRefusal",
    "DeliveryResult",
    "FinishedAnalysis",
    "Instruments",
    "NoTraces",
    "OpenTelemetryTraces",
    "Traces",
    "trace_id_of",
    "traces_to",
]
