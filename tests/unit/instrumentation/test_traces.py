"""Traces: the spans of a study meet in one trace, whichever process they come from."""

import socket
import sys
import time

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from otlp_collector import OtlpCollector

from triage_node.errors import SettingsError
from triage_node.instrumentation import NoTraces, OpenTelemetryTraces, trace_id_of, traces_to
from triage_node.instrumentation.traces import EXPORT_SECONDS


def test_processes_find_the_same_trace():
    worker, node = InMemorySpanExporter(), InMemorySpanExporter()
    for exporter, name in ((worker, "analysis"), (node, "delivery")):
        traces = OpenTelemetryTraces(exporter, "triage-node", "n1")
        traces.span("1.2.3", name, 100.0, 101.5, {"taken": True})
        traces.span("1.2.4", name, 100.0, 99.0)
        traces.close()
    spans = [*worker.get_finished_spans(), *node.get_finished_spans()]
    assert {span.context.trace_id for span in spans} == {trace_id_of("1.2.3"), trace_id_of("1.2.4")}
    assert len({span.context.span_id for span in spans}) == 4
    of_study = [span for span in spans if span.context.trace_id == trace_id_of("1.2.3")]
    assert len({span.parent.span_id for span in of_study}) == 1
    [analysis] = [span for span in of_study if span.name == "analysis"]
    assert (analysis.start_time, analysis.end_time) == (100_000_000_000, 101_500_000_000)
    assert analysis.attributes["study_instance_uid"] == "1.2.3"
    assert all(span.end_time >= span.start_time for span in spans)


def test_without_an_endpoint_nothing_is_loaded():
    assert isinstance(traces_to(None, "triage-node", "n1"), NoTraces)


def test_without_the_extra_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"pip install 'triage-node\[otel\]'"):
        traces_to("http://127.0.0.1:4318", "triage-node", "n1")


def test_a_collector_gets_them_by_otlp():
    with OtlpCollector() as collector:
        traces = traces_to(f"{collector.address}/", "triage-node", "n1")
        traces.span("1.2.3", "delivery", 100.0, 101.0, {"destination": "PACS"})
        traces.close()
    [span] = collector.spans
    assert (span.name, span.service, span.trace_id) == ("delivery", "triage-node", trace_id_of("1.2.3"))
    assert span.attributes == {"study_instance_uid": "1.2.3", "destination": "PACS"}


def test_a_collector_that_is_silent_holds_up_nothing_but_the_end_for_a_moment():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        traces = traces_to(f"http://127.0.0.1:{silent.getsockname()[1]}", "triage-node", "n1")
        start = time.monotonic()
        traces.span("1.2.3", "delivery", 100.0, 101.0)
        assert time.monotonic() - start < EXPORT_SECONDS / 2
        traces.close()
    assert time.monotonic() - start < 3 * EXPORT_SECONDS
