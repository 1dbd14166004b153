"""A trace of each study: a span for each of its stages, whichever process it went through.

Every process that works on a study finds the same trace by itself, as its number is a hash of the Study Instance UID:
nothing has to be handed on between listener, worker and dispatcher. OpenTelemetry is an extra, loaded when it is used.
"""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, Self

from triage_node import __version__
from triage_node.errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter

NANOSECONDS = 1_000_000_000
EXPORT_SECONDS = 3
"""So long is a collector waited for that does not take spans, also at the end."""
PAUSE_MILLISECONDS = 1000

Attributes = Mapping[str, str | int | float | bool]
NONE: Attributes = {}


class Traces(Protocol):
    """Where spans go."""

    def span(
        self, study_instance_uid: str, name: str, began: float, ended: float, attributes: Attributes = NONE
    ) -> None:
        """Note a stage of a study that has ended; times in seconds since 1970."""

    def close(self) -> None:
        """Send what is left."""


class NoTraces:
    """Nobody wants them."""

    def span(
        self, study_instance_uid: str, name: str, began: float, ended: float, attributes: Attributes = NONE
    ) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class OpenTelemetryTraces:
    """Send spans to a collector, many at once and from a thread of their own.

    Parameters
    ----------
    exporter
        What sends them.
    service, instance
        Which part of the node speaks, and which node.
    """

    def __init__(self, exporter: "SpanExporter", service: str, instance: str) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        who = {"service.name": service, "service.version": __version__, "service.instance.id": instance}
        # Not the global one: several nodes may live in a process.
        self._provider = TracerProvider(resource=Resource(who), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=PAUSE_MILLISECONDS))
        self._tracer = self._provider.get_tracer("triage_node", __version__)

    @classmethod
    def to(cls, endpoint: str, service: str, instance: str) -> Self:
        """Return traces that go to a collector by OTLP over HTTP.

        Raises
        ------
        SettingsError
            The extra is not installed.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError as error:
            raise SettingsError(
                "otel_endpoint is set, but OpenTelemetry is not installed: pip install 'triage-node[otel]'."
            ) from error
        address = f"{endpoint.rstrip('/')}/v1/traces"
        return cls(OTLPSpanExporter(endpoint=address, timeout=EXPORT_SECONDS), service, instance)

    def span(
        self, study_instance_uid: str, name: str, began: float, ended: float, attributes: Attributes = NONE
    ) -> None:
        """Note a stage of a study that has ended."""
        more = {"study_instance_uid": study_instance_uid, **attributes}
        start = int(began * NANOSECONDS)
        span = self._tracer.start_span(name, _study_context(study_instance_uid), attributes=more, start_time=start)
        span.end(max(start, int(ended * NANOSECONDS)))

    def close(self) -> None:
        """Send what is left, as far as the collector takes it in a moment."""
        self._provider.shutdown()


def traces_to(endpoint: str | None, service: str, instance: str) -> Traces:
    """Return where the spans of a process go; without an endpoint nowhere.

    Raises
    ------
    SettingsError
        The extra is not installed.
    """
    return NoTraces() if endpoint is None else OpenTelemetryTraces.to(endpoint, service, instance)


def trace_id_of(study_instance_uid: str) -> int:
    """Return the number of the trace of a study."""
    return int.from_bytes(hashlib.sha256(study_instance_uid.encode()).digest()[:16], "big")


def _study_context(study_instance_uid: str) -> "Context":
    """Return what a span of a study has for its parent: the study itself, of which there is no span."""
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    digest = hashlib.sha256(study_instance_uid.encode()).digest()
    root = SpanContext(trace_id_of(study_instance_uid), int.from_bytes(digest[16:24], "big"), True, TraceFlags(1))
    return set_span_in_context(NonRecordingSpan(root))
