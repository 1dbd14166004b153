"""Commands that talk to other programs."""

import json
import re
import signal

import httpx2
from ct import head_ct, save
from nodes import RunningNode
from pacs import Storescp
from programs import Program, need, run
from pydicom import dcmread

HEADLINES = ("SUSPECTED HEMORRHAGE", "NOT FLAGGED BY THE ALGORITHM", "NOT ANALYZED")


def test_the_demonstration_shows_three_real_reports():
    answer = run("triage-node", "demo", "--once", timeout_seconds=280)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    titles = [line for line in answer.stdout.splitlines() if line in HEADLINES]
    assert titles == list(HEADLINES)
    assert "localizer" in answer.stdout
    assert answer.stdout.count("Last C-STORE to report") == 3
    assert re.search(r"^  any hemorrhage +suspected .* image \d+$", answer.stdout, re.MULTILINE)
    assert "by UID below" not in answer.stdout


def test_the_demonstration_leaves_the_three_studies_to_be_looked_at_until_ctrl_c(tmp_path):
    demonstration = Program([need("triage-node"), "demo"], tmp_path / "log")
    try:
        line = demonstration.wait_for("sign in as", 280)
        address, name, password = re.fullmatch(r"(\S+) +sign in as (\S+) with the password (\S+)", line).groups()
        with httpx2.Client(base_url=address, timeout=60) as browser:
            token = re.search(r'name="form_token" value="([0-9a-f]+)"', browser.get("/sign-in").text)[1]
            form = {"name": name, "password": password, "form_token": token}
            assert browser.post("/sign-in", data=form).status_code == 303
            page = browser.get("/worklist?show=all").text
            studies = set(re.findall(r'href="(/studies/[0-9.]+)[?"]', page))
            assert len(studies) == 3
            assert {browser.get(study).status_code for study in studies} == {200}
        demonstration.process.send_signal(signal.SIGINT)
        assert demonstration.process.wait(30) == 0
        assert "Traceback" not in demonstration.printed
    finally:
        demonstration.stop()


def test_the_demonstrations_studies_go_to_a_peer_that_runs_already(start):
    pacs = start(Storescp, "pacs", options=("+xa",))
    answer = run("triage-node", "demo", "--to", pacs.address)
    assert answer.stdout == f"68 instances of three generated studies stored at {pacs.address}.\n", answer.stderr
    assert len({dcmread(file, stop_before_pixels=True).StudyInstanceUID for file in pacs.received()}) == 3
    assert len(pacs.received()) == 68
    pacs.stop()
    answer = run("triage-node", "demo", "--to", pacs.address)
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert pacs.address in answer.stderr


def test_send_stores_files_as_they_are(start, tmp_path):
    pacs = start(Storescp, "pacs", options=("+xa",))
    files = save(head_ct(slices=3, size=(64, 64)), tmp_path / "study")
    compressed = tmp_path / "study" / "compressed.dcm"
    assert run("dcmcjpls", "+el", files[0], compressed).returncode == 0
    files[0].unlink()
    answer = run("triage-node", "send", tmp_path / "study", "--to", pacs.address)
    assert answer.returncode == 0, answer.stderr
    assert "3 of 3 files stored" in answer.stdout
    sent = {path: dcmread(path) for path in (compressed, *files[1:])}
    received = {str(ds.SOPInstanceUID): ds for ds in map(dcmread, pacs.received())}
    for ds in sent.values():
        twin = received[str(ds.SOPInstanceUID)]
        assert twin.file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID
        assert twin.PixelData == ds.PixelData


def test_what_an_administrator_asks_of_a_running_node(start, tmp_path, wait_for):
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address])
    images = head_ct(slices=32, size=(128, 128))
    uid = str(images[0].StudyInstanceUID)
    node.storescu(*save(images, tmp_path / "study"))
    wait_for(pacs.received, "the report", 120)
    wait_for(lambda: node.study(uid).deliveries[0].state == "delivered", "the delivery to be noted")
    [row] = json.loads(node.command("worklist", "--json").stdout)
    assert (row["study_instance_uid"], row["state"]) == (uid, "analyzed")
    assert uid in node.command("worklist", "--uids").stdout
    shown = json.loads(node.command("show", uid, "--json").stdout)
    assert [one["state"] for one in shown["deliveries"]] == ["delivered"]
    assert "delivered" in node.command("show", uid).stdout
    checked = json.loads(node.command("check", "--json").stdout)
    well = {one["name"] for one in checked if one["level"] == "ok"}
    assert {"settings", "model", "database", f"destination {pacs.address}"} <= well, checked
    assert node.command("requeue", uid).returncode == 0
    wait_for(lambda: len(node.study(uid).outcomes) == 2, "the second analysis", 60)
    unknown = node.command("show", "1.2.3")
    assert (unknown.returncode, unknown.stderr) == (1, "triage-node: The worklist has no study 1.2.3.\n")
