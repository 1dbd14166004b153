"""A real Prometheus watches a node; promtool reads rules and metrics; logs are JSON, traces cross processes."""

import json
import subprocess
import urllib.request

import pytest
from ct import head_ct, save
from nodes import RunningNode
from otlp_collector import OtlpCollector
from pacs import Storescp
from programs import free_port, need, run
from prometheus import DEPLOYED, Prometheus

from triage_node.identity import Role
from triage_node.instrumentation import trace_id_of

DASHBOARD = json.loads((DEPLOYED.parent / "grafana" / "triage-node.json").read_text())
SAID_TO_A_PERSON = ("TRIAGE listens on", "The pages are at", "Nobody can sign in yet")
SLICES = 32


@pytest.fixture(scope="module")
def collector():
    with OtlpCollector() as collector:
        yield collector


@pytest.fixture(scope="module")
def pacs(tmp_path_factory):
    pacs = Storescp(tmp_path_factory.mktemp("pacs"))
    yield pacs
    pacs.stop()


@pytest.fixture(scope="module")
def node(tmp_path_factory, pacs, collector):
    destinations = [pacs.address, f"AWAY@127.0.0.1:{free_port()}"]
    settings = {"destinations": destinations, "log_format": "json", "metrics_port": 0}
    environment = {"TRIAGE_OTEL_ENDPOINT": collector.address}
    node = RunningNode(tmp_path_factory.mktemp("node"), environment, **settings)
    yield node
    node.stop()


@pytest.fixture(scope="module")
def study(node, tmp_path_factory):
    """A study that was analyzed; its report is at one of two destinations."""
    images = head_ct(slices=SLICES, size=(256, 256), lesion="epidural", seed=7)
    node.wait_ready()
    sent = node.storescu(*save(images, tmp_path_factory.mktemp("study")))
    assert sent.returncode == 0, sent.stderr
    node.program.wait_for('"delivered"', 120)
    node.program.wait_for('"destination_down"', 60)
    return images[0]


@pytest.fixture(scope="module")
def prometheus(node, study, tmp_path_factory):
    token = node.worklist.tokens.add("prometheus", Role.MONITORING)
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), node.web_address.partition("//")[2], token)
    yield prometheus
    prometheus.stop()


def test_prometheus_reads_what_the_node_did(prometheus, wait_for):
    wait_for(lambda: prometheus.query("triage_ready"), "the first scrape")
    wait_for(lambda: prometheus.target()["health"] == "up", "a scrape that goes well")
    value = lambda query: [float(one["value"][1]) for one in prometheus.query(query)]  # noqa: E731
    assert value("triage_ready") == [1]
    assert value("triage_instances_received_total") == [SLICES]
    assert value("triage_c_store_duration_seconds_count") == [SLICES]
    assert value('sum(triage_analyses_total{status="analyzed"})') == [1]
    assert value('triage_analysis_step_duration_seconds_count{step="infer"}') == [1]
    assert value('sum(triage_delivery_attempts_total{result="delivered"})') == [1]
    assert value("triage_report_to_delivery_seconds_count > 0") == [1]
    assert sorted(value("triage_destination_up")) == [0, 1]
    [turnaround] = value("triage_last_image_to_report_seconds_sum")
    assert 1.0 <= turnaround < 120  # the quiet time of a series is 1 s here
    assert value("triage_collector_success == 0") == []


def test_every_alert_is_evaluated_and_the_right_ones_see_trouble(prometheus, wait_for):
    rules = wait_for(
        lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()) and prometheus.rules(), "the evaluation"
    )
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    seen = lambda state: {rule["name"] for rule in prometheus.rules() if rule["state"] == state}  # noqa: E731
    wait_for(lambda: "TriageDestinationDown" in seen("pending"), "the alert of the destination that is away")
    assert seen("firing") == set()


@pytest.mark.parametrize(
    "panel", [one for one in DASHBOARD["panels"] if "targets" in one], ids=lambda panel: panel["title"]
)
def test_every_panel_of_the_dashboard_is_answered(prometheus, panel):
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
        assert isinstance(prometheus.query(expression), list)


def test_promtool_accepts_rules_and_metrics(node, study):
    assert run("promtool", "check", "rules", DEPLOYED / "alerts.yml").returncode == 0
    tested = run("promtool", "test", "rules", DEPLOYED / "alerts_test.yml")
    assert tested.returncode == 0, tested.stdout
    port = json.loads(node.program.wait_for('"metrics_started"'))["fields"]["port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        exposed = answer.read()
    checked = subprocess.run([need("promtool"), "check", "metrics"], input=exposed, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_every_line_of_the_log_is_an_object_without_the_patient(node, study):
    lines = [line for line in node.program.printed.splitlines() if not line.startswith(SAID_TO_A_PERSON)]
    objects = [json.loads(line) for line in lines]
    assert {tuple(one) for one in objects} == {("time", "level", "event", "logger", "process", "fields")}
    assert len({one["process"] for one in objects}) == 2
    assert {"node_started", "worker_ready", "study_finished", "delivered", "destination_down"} <= {
        one["event"] for one in objects
    }
    for secret in (study.PatientID, study.PatientName.family_name):
        assert str(secret) not in node.program.printed


def test_the_spans_of_node_and_worker_meet_in_the_trace_of_the_study(node, study, collector, wait_for):
    own = lambda: [span for span in collector.spans if span.trace_id == trace_id_of(study.StudyInstanceUID)]  # noqa: E731
    names = {"receiving", "queue", "analysis", "read", "infer", "report", "delivery"}
    wait_for(lambda: {span.name for span in own()} == names, "all spans of the study")
    assert {span.service for span in own()} == {"triage-node", "triage-node-worker"}
    assert len({span.parent_id for span in own()}) == 1


def test_a_node_that_is_gone_is_seen(prometheus, node, wait_for):
    """The last one: the node is stopped."""
    wait_for(lambda: prometheus.query("triage_ready"), "a scrape")
    node.stop()
    wait_for(lambda: [one["value"][1] for one in prometheus.query("up")] == ["0"], "the scrape that fails")
    wait_for(
        lambda: any(rule["name"] == "TriageNodeDown" and rule["state"] != "inactive" for rule in prometheus.rules()),
        "the alert",
    )
