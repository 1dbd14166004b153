"""Ask the parts of a node at each scrape; one that fails hides itself only, and says so."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector as RegisteredCollector

from triage_node import __version__
from triage_node.logs import origin

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Something that is asked, and its metrics."""

    name: str
    metrics: Callable[[], Iterable[Metric]]


class Collector(RegisteredCollector):
    """Ask each part."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._failing: set[str] = set()

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of all parts that can say how they are, and which could not."""
        yield InfoMetricFamily("triage_build", "Version of the node.", {"version": __version__})
        success = GaugeMetricFamily("triage_collector_success", "Whether a part could be asked.", labels=["part"])
        duration = GaugeMetricFamily("triage_collector_duration_seconds", "How long asking took.", labels=["part"])
        for part in self._parts:
            start = time.perf_counter()
            metrics = self._ask(part)
            success.add_metric([part.name], metrics is not None)
            duration.add_metric([part.name], time.perf_counter() - start)
            yield from metrics or ()
        yield success
        yield duration

    def _ask(self, part: Part) -> list[Metric] | None:
        try:
            metrics = list(part.metrics())
        except Exception as error:  # a border: a database that is away must not hide that the disk is full
            if part.name not in self._failing:
                log.error("metrics_failed part=%s error=%s", part.name, origin(error))
            self._failing.add(part.name)
            return None
        self._failing.discard(part.name)
        return metrics
