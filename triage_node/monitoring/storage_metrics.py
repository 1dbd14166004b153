"""Metrics of the disk of the spool."""

from collections.abc import Iterator

from prometheus_client import Metric

from triage_node.monitoring.gauges import gauge, gauges
from triage_node.storage import Level, Space


def storage_metrics(space: Space) -> Iterator[Metric]:
    """Return how much is free, and the marks."""
    yield gauge("disk_size_bytes", "Size of the disk that holds the spool.", space.total)
    yield gauge("disk_free_bytes", "What is free of it.", space.free)
    yield gauge("disk_reserve_bytes", "With less free, nothing is taken.", space.reserve)
    yield gauge("disk_warning_bytes", "With less free, a person should make room.", space.warn)
    levels = {level.value: float(space.level is level) for level in Level}
    yield gauges("disk_level", "1 for the level that it has: ok, low or full.", "level", levels)
