"""Families of gauges, in a line each."""

from collections.abc import Mapping

from prometheus_client.core import GaugeMetricFamily


def gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    """Return a gauge without labels."""
    return GaugeMetricFamily(f"triage_{name}", what, value=value)


def gauges(name: str, what: str, label: str, values: Mapping[str, float | None]) -> GaugeMetricFamily:
    """Return a gauge for each value of a label; what is None is unknown and left out."""
    family = GaugeMetricFamily(f"triage_{name}", what, labels=[label])
    for of, value in values.items():
        if value is not None:
            family.add_metric([of], value)
    return family
