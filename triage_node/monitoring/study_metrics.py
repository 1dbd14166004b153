"""Metrics of the studies in the worklist. Nodes that share a database all tell the same."""

from collections.abc import Iterator

from prometheus_client import Metric

from triage_node.monitoring.gauges import gauge, gauges
from triage_node.statistics import StudyQueuesState
from triage_node.worklist import Counts


def study_metrics(queues: StudyQueuesState, counts: Counts) -> Iterator[Metric]:
    """Return how many studies are where, and how long they have waited."""
    yield gauges("studies", "Studies by state.", "state", {**dict.fromkeys(queues.states, 0), **counts.studies})
    what = "For how long the study that is longest in a state has been there; 0 without any."
    yield gauges("study_oldest_wait_seconds", what, "state", dict(queues.oldest_seconds))
    unread = "Studies that no reader has acknowledged, of the last 24 hours or unfinished, by reading group."
    yield gauges("open_studies", unread, "group", dict(counts.open_by_group))
    if queues.last_received_at is not None:
        yield gauge("study_last_received_timestamp_seconds", "When the last new study came.", queues.last_received_at)
    if queues.last_analyzed_at is not None:
        yield gauge("analysis_last_timestamp_seconds", "When the last outcome was written.", queues.last_analyzed_at)
