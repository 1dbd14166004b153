"""Metrics of the reports that are owed, by destination."""

from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from triage_node.endpoints import Destination
from triage_node.monitoring.gauges import gauges
from triage_node.web.machinery import Reach
from triage_node.worklist import OutboxState

STATES = ("waiting", "scheduled", "dead", "held")


def outbox_metrics(
    outbox: OutboxState, destinations: Sequence[Destination], reaches: Sequence[Reach]
) -> Iterator[Metric]:
    """Return how the reports of each destination stand, and whether it answers."""
    states = outbox.destinations(tuple(one.name for one in destinations))
    up = {one.destination: float(one.answers) for one in reaches if one.answers is not None}
    yield gauges(
        "destination_up", "Whether a destination answered last; nothing before the first try.", "destination", up
    )
    deliveries = GaugeMetricFamily(
        "triage_deliveries", "Reports that have not arrived.", labels=["destination", "state"]
    )
    for one in states:
        for state in STATES:
            deliveries.add_metric([one.destination, state], getattr(one, state))
    yield deliveries
    waits: dict[str, float | None] = {one.destination: one.waiting_seconds or 0.0 for one in states}
    what = "For how long the oldest report on its way could have been sent; 0 without any."
    yield gauges("delivery_oldest_wait_seconds", what, "destination", waits)
    last = {one.destination: one.last_delivered_at for one in states}
    yield gauges("delivery_last_success_timestamp_seconds", "When the last report arrived.", "destination", last)
