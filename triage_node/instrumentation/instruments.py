"""The counters and histograms of one node, or one worker; each has a registry of its own.

Names follow Prometheus's rules: base units, ``_total`` for what only grows. No label takes a value that a stranger
chooses, so that nobody can make series without end: no AE title, no address, no UID.
"""

from collections.abc import Iterable
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from triage_node.findings import Decision
from triage_node.instrumentation.finished_analysis import STEPS, FinishedAnalysis
from triage_node.outcome import Status
from triage_node.reasons import ReasonCode

KEEP_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
STEP_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900)
DELIVERY_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
TURNAROUND_SECONDS = (1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 3600)
OTHER = "other"
"""The value of a label for a word that an older or newer node made, so that no label grows by what it is told."""


class AssociationRefusal(StrEnum):
    """Why a connection got no association, lost it, or got one that it can use for nothing."""

    ADDRESS = "address"
    RATE = "rate"
    CALLED_AE_TITLE = "called_ae_title"
    CALLING_AE_TITLE = "calling_ae_title"
    DISK_FULL = "disk_full"
    TOO_MANY = "too_many"
    NO_THREAD = "no_thread"
    PROTOCOL = "protocol"
    TLS = "tls"
    NO_CONTEXT = "no_context"


class DeliveryResult(StrEnum):
    """What came of one try to deliver a report."""

    DELIVERED = "delivered"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    FAILED = "failed"


class Instruments:
    """Count and time what happens in this process.

    Attributes
    ----------
    registry
        Where all of it is registered, and what else is to be exposed with it.
    """

    def __init__(self) -> None:
        # When a counter began is nobody's question, and doubles what is told.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._of_instances()
        self._of_associations()
        self._of_analyses()
        self._of_deliveries()

    def instance_received(self, size_bytes: int) -> None:
        """Count an instance that is kept."""
        self._received.inc()
        self._received_bytes.inc(size_bytes)

    def instance_refused(self, reason: str) -> None:
        """Count an instance that is not kept; ``reason`` is one of a small set."""
        self._refused.labels(reason).inc()

    def expect_refusals(self, reasons: Iterable[str]) -> None:
        """Begin the counters of these reasons, so that the first refusal is an increase."""
        for reason in reasons:
            self._refused.labels(reason)

    def stored(self, seconds: float) -> None:
        """Note how long a C-STORE took from the last fragment of its data set to its status."""
        self._store_seconds.observe(seconds)

    def association_accepted(self) -> None:
        """Count an association."""
        self._associations.inc()

    def association_refused(self, reason: AssociationRefusal) -> None:
        """Count a connection that got no association, or whose association was aborted by us."""
        self._associations_refused.labels(reason).inc()

    def analysis_finished(self, finished: FinishedAnalysis) -> None:
        """Count an analysis that has ended, and note how long it took."""
        if not finished.taken:
            self._repeated.inc()
            return
        self._analyses.labels(_known(Status, finished.status), _known(Decision, finished.decision)).inc()
        for code in set(finished.reasons):
            self._reasons.labels(_known(ReasonCode, code)).inc()
        for step in STEPS:
            if step in finished.seconds:
                self._step_seconds.labels(step).observe(finished.seconds[step])
        self._turnaround_seconds.observe(finished.last_image_seconds)

    def worker_ended(self) -> None:
        """Count the end of a worker process that nobody asked for."""
        self._worker_deaths.inc()

    def delivery_tried(self, destination: str, result: DeliveryResult, seconds: float) -> None:
        """Count a try to deliver, and note how long it took.

        Parameters
        ----------
        destination
            By its name in the settings.
        """
        self._deliveries.labels(destination, result).inc()
        self._delivery_seconds.labels(destination).observe(seconds)

    def delivered(self, destination: str, seconds: float) -> None:
        """Note how long it took from the making of a report to its delivery, without scheduled waiting."""
        self._delivered_seconds.labels(destination).observe(seconds)

    def expect_destination(self, destination: str) -> None:
        """Begin the counters of a destination, so that the first failure is an increase."""
        for result in DeliveryResult:
            self._deliveries.labels(destination, result)
        self._delivery_seconds.labels(destination)
        self._delivered_seconds.labels(destination)

    def _of_instances(self) -> None:
        self._received = self._counter("instances_received", "Instances that were kept.")
        self._received_bytes = self._counter("received_bytes", "Bytes of the instances that were kept.")
        self._refused = self._counter("instances_refused", "Instances that were not kept.", "reason")
        self._store_seconds = self._histogram(
            "c_store_duration_seconds",
            "From the last fragment of a C-STORE's data set until its status is known; the instance is durable then.",
            KEEP_SECONDS,
        )

    def _of_associations(self) -> None:
        self._associations = self._counter("associations", "Associations that were accepted.")
        self._associations_refused = self._counter(
            "associations_refused",
            "Connections that got no association, lost it, or got one that they can use for nothing.",
            "reason",
        )
        for reason in AssociationRefusal:
            self._associations_refused.labels(reason)

    def _of_analyses(self) -> None:
        self._analyses = self._counter("analyses", "Analyses whose outcome was taken.", "status", "decision")
        for decision in Decision:
            self._analyses.labels(Status.ANALYZED, decision)
        for status in (Status.UNSUITABLE, Status.FAILED):
            self._analyses.labels(status, "")
        self._reasons = self._counter("analysis_reasons", "Reasons and cautions of outcomes that were taken.", "reason")
        self._repeated = self._counter("analyses_repeated", "Analyses whose outcome was not taken; they are repeated.")
        self._step_seconds = self._histogram(
            "analysis_step_duration_seconds", "How long each step of an analysis took.", STEP_SECONDS, "step"
        )
        for step in STEPS:
            self._step_seconds.labels(step)
        self._turnaround_seconds = self._histogram(
            "last_image_to_report_seconds",
            "From the last image of a study until its outcome and report were written.",
            TURNAROUND_SECONDS,
        )
        self._worker_deaths = self._counter("worker_deaths", "Worker processes that ended without being asked to.")

    def _of_deliveries(self) -> None:
        self._deliveries = self._counter(
            "delivery_attempts", "Tries to deliver a report, by what came of them.", "destination", "result"
        )
        self._delivery_seconds = self._histogram(
            "delivery_attempt_duration_seconds", "How long a try took.", DELIVERY_SECONDS, "destination"
        )
        self._delivered_seconds = self._histogram(
            "report_to_delivery_seconds",
            "From the making of a report until its destination had it, without scheduled waiting.",
            DELIVERY_SECONDS,
            "destination",
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"triage_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, seconds: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"triage_{name}", what, labels, registry=self.registry, buckets=seconds)


def _known(words: type[StrEnum], word: str) -> str:
    return word if not word or word in set(words) else OTHER
