"""How many, how fast, how well: roll-ups, drift, agreement, waiting times, queues."""

from triage_node.statistics.queue_history import QueueHistory
from triage_node.statistics.recounting import recount_if_missing
from triage_node.statistics.rollups import (
    ALL_TIME,
    STATE,
    count,
    count_delivered,
    count_outcome,
    count_verdict,
    delivery_counts,
    state_counts,
    write_counts,
)
from triage_node.statistics.simulation import Arrival, Reading, compare, synthetic_arrivals
from triage_node.statistics.statistics import Statistics

__all__ = [
    "ALL_TIME",
    "STATE",
    "Arrival",
    "QueueHistory",
    "Reading",
    "Statistics",
    "compare",
    "count",
    "count_delivered",
    "count_outcome",
    "count_verdict",
    "delivery_counts",
    "recount_if_missing",
    "state_counts",
    "synthetic_arrivals",
    "write_counts",
]
