"""Prometheus itself, with the rules and the settings that are deployed."""

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from programs import Program, free_port, need

DEPLOYED = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"


class Prometheus:
    """Scrape a node every three seconds.

    Parameters
    ----------
    target
        ``HOST:PORT`` of the node's web server.
    token
        What opens its metrics.
    """

    def __init__(self, folder: Path, target: str, token: str) -> None:
        (folder / "token").write_text(token)
        (folder / "alerts.yml").write_text((DEPLOYED / "alerts.yml").read_text())
        settings = (DEPLOYED / "prometheus.yml").read_text()
        for deployed, ours in (
            ("/etc/prometheus/triage-node.token", str(folder / "token")),
            ('targets: ["127.0.0.1:8080"]', f'targets: ["{target}"]'),
            ("scrape_interval: 15s", "scrape_interval: 3s"),  # also the time for a scrape
            ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ):
            assert settings.count(deployed) == 1, deployed
            settings = settings.replace(deployed, ours)
        (folder / "prometheus.yml").write_text(settings)
        self._address = f"127.0.0.1:{free_port()}"
        options = (
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self._address}",
        )
        self._program = Program([need("prometheus"), *options], folder / "prometheus.log")
        self._program.wait_for("Server is ready to receive web requests")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an expression now; each has ``metric`` and ``value``."""
        return self._get("query", query=expression)["result"]

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule as it was evaluated last."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def target(self) -> dict[str, Any]:
        """Return how the scraping of the node goes."""
        return self._get("targets")["activeTargets"][0]

    def stop(self) -> None:
        """End it."""
        self._program.stop()

    def _get(self, what: str, **parameters: str) -> Any:
        question = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"http://{self._address}/api/v1/{what}?{question}") as answer:
            content = json.load(answer)
        assert content["status"] == "success"
        return content["data"]
