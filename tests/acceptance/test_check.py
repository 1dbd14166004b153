"""`triage-node check` beside a running node: its own ports and folder are fine, its peers are found."""

import json

from nodes import RunningNode
from pacs import Storescp
from programs import free_port


def test_check_beside_the_running_node_finds_it_and_its_pacs(start):
    pacs = start(Storescp, "pacs")
    ports = {"dicom_port": free_port(), "web_port": free_port()}
    node = start(RunningNode, "node", destinations=[pacs.address], **ports)
    answer = node.command("check", "--json")
    assert answer.returncode == 0, answer.stdout
    found = {one["name"]: one for one in json.loads(answer.stdout)}
    for name, port in (("dicom port", ports["dicom_port"]), ("web port", ports["web_port"])):
        assert found[name]["level"] == "ok"
        assert f"127.0.0.1:{port} is the running node's, process {node.program.process.pid} " in found[name]["message"]
    assert "of the running node" in found["open files"]["message"]
    assert "answers C-ECHO" in found[f"destination {pacs.address}"]["message"]
    assert found["database"]["message"] == "0 studies, sqlite"
    assert node.program.process.poll() is None
