"""What Prometheus is told of a node."""

import urllib.request

import pytest
from expositions import NOON, PACS, example_exposition, exposed_families, series_names
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import GaugeMetricFamily

from triage_node.errors import AddressUnavailable, StorageError
from triage_node.monitoring import Exposition, MetricsServer
from triage_node.monitoring.collector import Collector, Part


@pytest.fixture
def exposition(tmp_path):
    with example_exposition(tmp_path) as exposition:
        yield exposition


def value(exposition: Exposition, series: str, /, **labels: str) -> float | None:
    return exposition.registry.get_sample_value(series, labels)


def test_what_the_parts_know_is_told(exposition):
    assert value(exposition, "triage_studies", state="receiving") == 1
    assert value(exposition, "triage_studies", state="ready") == 0
    assert value(exposition, "triage_studies", state="analyzed") == 1
    assert value(exposition, "triage_study_oldest_wait_seconds", state="receiving") == 5
    assert value(exposition, "triage_analysis_last_timestamp_seconds") == NOON + 1005
    assert value(exposition, "triage_delivery_last_success_timestamp_seconds", destination=PACS) == NOON + 1005
    assert value(exposition, "triage_worker_ready") == 1
    assert value(exposition, "triage_model_info", name="net", version="1", sha256="ab", device="GPU: H") == 1
    assert value(exposition, "triage_gpu_memory_bytes", gpu="GPU:0", kind="peak") == 2 << 30
    assert value(exposition, "triage_destination_up", destination=PACS) == 1
    assert value(exposition, "triage_deliveries", destination=PACS, state="dead") == 0
    assert value(exposition, "triage_certificate_readable", certificate="web") == 1
    assert value(exposition, "triage_certificate_end_timestamp_seconds", certificate="web") > 1.7e9
    assert value(exposition, "triage_disk_level", level="full") in (0, 1)
    assert all(family.samples for family in exposed_families(exposition))


def test_every_series_is_there_once(exposition):
    lines = [line.rpartition(" ")[0] for line in exposition.text("")[0].decode().splitlines() if line[0] != "#"]
    assert len(lines) == len(set(lines))


def test_openmetrics_is_told_to_who_accepts_it(exposition):
    content, media_type = exposition.text("application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    assert content.endswith(b"# EOF\n")


def test_nothing_of_a_patient_is_told(exposition):
    assert b"1.2.1" not in exposition.text("")[0]


def test_a_part_that_fails_hides_itself_only(caplog):
    def failing() -> list:
        raise StorageError("the database is away")

    well = Part("worker", lambda: [GaugeMetricFamily("triage_worker_ready", "x", 1)])
    registry = CollectorRegistry()
    registry.register(Collector([Part("studies", failing), well]))
    for _ in range(3):
        assert registry.get_sample_value("triage_collector_success", {"part": "studies"}) == 0
    assert registry.get_sample_value("triage_collector_success", {"part": "worker"}) == 1
    assert registry.get_sample_value("triage_worker_ready") == 1
    assert len([record for record in caplog.records if "metrics_failed" in record.message]) == 1


def test_a_port_of_its_own(tmp_path):
    registry = CollectorRegistry()
    Gauge("triage_x", "x", registry=registry).set(7)
    server = MetricsServer("127.0.0.1", 0, registry)
    server.start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
            assert series_names(answer.read().decode()) == {"triage_x"}
        with pytest.raises(AddressUnavailable, match="another metrics_port may be free"):
            MetricsServer("127.0.0.1", server.port, registry).start()
    finally:
        server.stop()
