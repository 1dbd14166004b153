"""How many, how fast, how well: roll-ups, drift, agreement, waiting times, queues."""

from triage_node.statistics.agreement import Agreement, Ratio, TypeAgreement
from triage_node.statistics.drift import REFERENCE_DAYS, USUAL_DAYS, Drift
from triage_node.statistics.period import DayNumbers, Percentiles, PeriodNumbers, PeriodStatistics
from triage_node.statistics.queue_history import QueueHistory, QueueLengths
from triage_node.statistics.recounting import recount_if_missing
from triage_node.statistics.rollups import (
    ALL_TIME,
    STATE,
    count,
    count_acknowledged,
    count_delivered,
    count_outcome,
    count_verdict,
    delivery_counts,
    delivery_seconds,
    state_counts,
    write_counts,
)
from triage_node.statistics.simulation import (
    Arrival,
    Comparison,
    Reading,
    Waits,
    compare,
    seconds_at_load,
    synthetic_arrivals,
)
from triage_node.statistics.statistics import Statistics
from triage_node.statistics.step import Step
from triage_node.statistics.study_queues import StudyQueues, StudyQueuesState

__all__ = [
    "ALL_TIME",
    "REFERENCE_DAYS",
    "STATE",
    "USUAL_DAYS",
    "Agreement",
    "Arrival",
    "Comparison",
    "DayNumbers",
    "Drift",
    "Percentiles",
    "PeriodNumbers",
    "PeriodStatistics",
    "QueueHistory",
    "QueueLengths",
    "Ratio",
    "Reading",
    "Statistics",
    "Step",
    "StudyQueues",
    "StudyQueuesState",
    "TypeAgreement",
    "Waits",
    "compare",
    "count",
    "count_acknowledged",
    "count_delivered",
    "count_outcome",
    "count_verdict",
    "delivery_counts",
    "delivery_seconds",
    "recount_if_missing",
    "seconds_at_load",
    "state_counts",
    "synthetic_arrivals",
    "write_counts",
]
