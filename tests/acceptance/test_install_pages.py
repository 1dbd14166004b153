"""The pages for administrators, done as they say on a new machine: asked for by TRIAGE_TEST_MACHINES=1, ten minutes."""

import os
from collections.abc import Iterator

import pytest
from machines import Machine, blocks
from pacs import Storescp

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not os.environ.get("TRIAGE_TEST_MACHINES") or os.geteuid() != 0, reason="wants TRIAGE_TEST_MACHINES=1 and root"
    ),
]


@pytest.fixture
def machine(tmp_path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.stop()


def test_a_node_is_installed_reloaded_upgraded_and_removed_as_the_pages_say(machine, start, wait_for):
    pacs = start(Storescp, "pacs", options=("+xa",))
    for block in blocks("install.md"):
        printed = machine.run(block.replace("10.0.0.5:104", f"127.0.0.1:{pacs.port}"))
        print(block, printed, sep="\n")
        if "enable --now" in block:
            wait_for(lambda: "worker_ready" in machine.run("journalctl -u triage-node"), "the model", 120)
    assert "FAIL" not in printed
    assert machine.run("stat -c %U:%a /var/lib/triage-node").split() == ["triage-node:700"]
    assert machine.run("systemctl show -p User,NRestarts triage-node").split() == ["NRestarts=0", "User=triage-node"]
    answers = "triage-node worklist --json"
    wait_for(lambda: machine.run(answers).count('"prior_study"') == 3, "the generated studies to be priors", 120)
    machine.run("systemctl reload triage-node")
    install, remove = blocks("upgrade.md")
    machine.run(install)
    wait_for(lambda: "worker_ready" in machine.run("journalctl -u triage-node --since -30s"), "the model", 120)
    assert machine.run(answers).count('"study_instance_uid"') == 3
    machine.run(remove)
    assert machine.run("ls /opt /usr/local/bin; systemctl list-unit-files triage-node.service --legend=no || true") == (
        "/opt:\n\n/usr/local/bin:\n"
    )
