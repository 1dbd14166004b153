"""Alert rules and dashboard: what they ask for is told, and every alert is explained and tried."""

import json
import re
from pathlib import Path

import pytest
import yaml
from expositions import SUFFIXES, example_exposition, exposed_families, names_in
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "triage-node.json").read_text())
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, set[str]]:
    """The labels of each series."""
    with example_exposition(tmp_path_factory.mktemp("node")) as exposition:
        text = exposition.text("")[0].decode()
        labels = {}
        for family in exposed_families(exposition):
            for sample in family.samples:
                labels.setdefault(sample.name, set()).update(sample.labels)
    assert "process_resident_memory_bytes" in text
    return labels | {"process_resident_memory_bytes": set(), "process_open_fds": set()}


@pytest.mark.parametrize("expression", [*EXPRESSIONS, *(rule["expr"] for rule in RULES)])
def test_an_expression_asks_for_what_is_told(told, expression):
    names = names_in(expression)
    assert names or expression.startswith("up{")
    assert names <= told.keys()
    for name, matchers in re.findall(r"\b(triage_\w+)\{([^}]*)\}", expression):
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', matchers)))
        assert asked <= told[name] | {"job", "instance"}


def test_every_family_is_on_the_dashboard_or_in_an_alert(told):
    shown = set().union(*(names_in(one) for one in [*EXPRESSIONS, *(rule["expr"] for rule in RULES)]))
    histogram_parts = {name for name in told if name.endswith(SUFFIXES)}
    unseen = {name for name in told if name not in shown} - histogram_parts
    assert unseen == {
        "triage_collector_duration_seconds",
        "triage_job_interval_seconds",
        "triage_job_last_end_timestamp_seconds",
    }


def test_the_dashboard_is_as_grafana_has_it():
    """The library is generated from Grafana's schema: it drops what that does not know, and adds what it wants."""
    register_default_plugins()
    assert json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD))) == DASHBOARD


def test_no_panel_lies_on_another():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_section_and_a_trial(rule):
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    section = runbook.partition(f"\n## {rule['alert']}\n")[2].partition("\n## ")[0]
    assert "**For patients:**" in section
    assert "**Do:**" in section
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
    assert rule["labels"]["severity"] in ("critical", "warning")
    trials = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text())["tests"]
    [trial] = [one for one in trials if one["name"] == rule["alert"]]
    [tried] = trial["promql_expr_test"]
    assert rule["alert"] in tried["exp_samples"][0]["labels"]


def test_the_runbook_explains_no_alert_that_is_none():
    sections = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert sections == [rule["alert"] for rule in RULES]
