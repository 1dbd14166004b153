"""The metrics of a node as Prometheus reads them."""

from collections.abc import Callable, Sequence

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from triage_node.config import Settings
from triage_node.instrumentation import Instruments
from triage_node.monitoring.certificate_metrics import certificate_metrics
from triage_node.monitoring.collector import Collector, Part
from triage_node.monitoring.machinery_metrics import fact_metrics, intake_metrics, job_metrics, worker_metrics
from triage_node.monitoring.outbox_metrics import outbox_metrics
from triage_node.monitoring.storage_metrics import storage_metrics
from triage_node.monitoring.study_metrics import study_metrics
from triage_node.storage import Spool
from triage_node.web.machinery import Fact, Machinery
from triage_node.worklist import Worklist


class Exposition:
    """Put together what a node has counted and what its parts are like now.

    Parameters
    ----------
    instruments
        What its parts count; what is asked of them at each scrape is registered beside.
    settings
        Return those in force.
    worklist, spool
        Of the node.
    facts
        Whether it is ready.
    machinery
        How its parts are.

    Attributes
    ----------
    registry
        All of it.
    """

    def __init__(
        self,
        instruments: Instruments,
        settings: Callable[[], Settings],
        worklist: Worklist,
        spool: Spool,
        facts: Callable[[], Sequence[Fact]],
        machinery: Machinery,
    ) -> None:
        self.registry = instruments.registry
        parts = (
            Part("readiness", lambda: fact_metrics(facts())),
            Part("worker", lambda: worker_metrics(machinery.worker())),
            Part("jobs", lambda: job_metrics(machinery.jobs())),
            Part("intake", lambda: intake_metrics(machinery.intake() if machinery.intake is not None else None)),
            Part("studies", lambda: study_metrics(worklist.study_queues.state(), worklist.study_lists.counts())),
            Part("outbox", lambda: outbox_metrics(worklist.outbox_state, settings().destinations, machinery.reaches())),
            Part("storage", lambda: storage_metrics(spool.space())),
            Part("certificates", lambda: certificate_metrics(settings())),
        )
        self.registry.register(Collector(parts))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their media type: Prometheus's text, or OpenMetrics for who accepts it."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type
