"""A client that openapi-python-client makes from the description compiles, and works with a node over HTTP."""

import compileall
import importlib
import json
import subprocess
import sys

import pytest
from ct import head_ct, save
from multipart import CONTENT_TYPE, body_of_files

from triage_node.identity import Role
from triage_node.web.server import WebServer

pytestmark = pytest.mark.slow

PACKAGE = "triage_node_client"


@pytest.fixture
def client(site, tmp_path, monkeypatch):
    """The generated package."""
    description, config = tmp_path / "openapi.json", tmp_path / "config.yml"
    description.write_text(json.dumps(site.program().get("/api/openapi.json").json()))
    config.write_text("post_hooks: []\n")
    command = [sys.executable, "-P", "-m", "openapi_python_client", "generate", "--meta", "none"]
    options = ["--path", description, "--config", config, "--output-path", tmp_path / "made" / PACKAGE]
    made = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    # Of what is no JSON it says that it cannot read the answers; it must be able to read all others.
    unread = [line for line in made.stdout.splitlines() if line.startswith("WARNING") and "wado" not in line]
    assert not unread, made.stdout
    monkeypatch.syspath_prepend(tmp_path / "made")
    yield tmp_path / "made" / PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def server(site):
    """The site over HTTP."""
    running = WebServer(site.settings, site.worklist, site.spool, ingest=site.ingest)
    running.start()
    yield running
    running.stop()


def test_a_generated_client_compiles_and_works_with_a_node(client, site, server, analyzed, tmp_path):
    assert compileall.compile_dir(client, quiet=1)
    analyzed("1.2.1")
    body = body_of_files(save(head_ct(slices=1, size=(16, 16)), tmp_path / "ct"))
    stored = site.program().post("/dicomweb/studies", content=body, headers={"Content-Type": CONTENT_TYPE})
    assert stored.status_code == 200, stored.text

    def of(name):
        return importlib.import_module(f"{PACKAGE}.{name}")

    def ask(name, *arguments, role=Role.READER, **parameters):
        token = site.worklist.tokens.add(f"{role}-{len(site.worklist.tokens.all())}", role)
        authenticated = of("client").AuthenticatedClient(base_url=server.address, token=token)
        with authenticated:
            return of(f"api.{name}").sync(*arguments, client=authenticated, **parameters)

    page = ask("worklist.worklist_api_worklist_get", decision=["flagged"])
    [study] = page.studies
    assert (study.study_instance_uid, study.group.value, page.next_) == ("1.2.1", "flagged", None)
    assert study.probabilities["subdural"] == 0.9
    whole = ask("worklist.study_api_studies_study_instance_uid_get", "1.2.1")
    assert whole.outcomes[0].seconds["infer"] == 2.0
    assert whole.series[0].modality == "CT"
    refused = ask("worklist.study_api_studies_study_instance_uid_get", "9.9")
    assert refused.detail == "The worklist has no study 9.9."
    assert ask("system.system_api_system_get", role=Role.MONITORING).queues.studies["analyzed"] == 1
    assert ask("statistics.stats_api_stats_get").now.studies["analyzed"] == 1

    found = ask("qido_rs.studies_dicomweb_studies_get", study_instance_uid="1.2.1", limit=5)
    [one] = found
    assert one["00100020"].vr == "LO"
    assert one["00100010"].value[0].to_dict() == {"Alphabetic": "Doe^Jane"}
    workitems = ask("ups_rs.search_dicomweb_workitems_get")
    assert {one["00741000"].value[0] for one in workitems} == {"COMPLETED", "SCHEDULED"}
