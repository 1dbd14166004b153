"""A node is lost; what a backup of it brings back, and that nothing is sent twice."""

import shutil

import httpx2
import pytest
from ct import head_ct, save
from nodes import RunningNode, toml
from pacs import Storescp
from programs import run

from triage_node.identity import Role

PASSWORD = "correct horse battery staple"
ENDED = {"analyzed", "unsuitable"}


def send(node, folder, seed):
    images = head_ct(slices=12, size=(64, 64), seed=seed)
    node.storescu(*save(images, folder))
    return str(images[0].StudyInstanceUID)


def deliveries(node, uid):
    return [one.state for one in node.study(uid).deliveries]


@pytest.mark.timeout(900)
def test_a_lost_node_comes_back_from_its_backup_and_sends_nothing_twice(start, tmp_path, wait_for):
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address])
    node.worklist.accounts.add("ann", Role.ADMINISTRATOR, PASSWORD)
    token = node.command("token", "add", "viewer").stdout.strip()
    delivered = send(node, tmp_path / "1", seed=1)
    wait_for(lambda: deliveries(node, delivered) == ["delivered"] if node.state(delivered) else False, "a report", 180)
    pacs.stop()
    pending = send(node, tmp_path / "2", seed=2)
    wait_for(lambda: node.state(pending) in ENDED, "the answer to the second study", 120)
    made = node.command("backup", "--spool", "--out", tmp_path / "backups")
    assert made.returncode == 0, made.stderr
    assert "2 studies and 2 people in the database" in made.stdout
    assert "it was read through and is whole" in made.stdout
    [backup] = (tmp_path / "backups").glob("triage-backup-*")

    pacs = start(Storescp, "pacs-again", port=pacs.port)
    wait_for(lambda: deliveries(node, pending) == ["delivered"], "the report that was pending at the backup", 120)
    sent = len(pacs.received())
    node.kill()
    shutil.rmtree(node.folder / "data")

    config = tmp_path / "new.toml"
    config.write_text("\n".join(f"{key} = {toml(value)}" for key, value in node.options.items()))
    restored = run("triage-node", "--config", config, "restore", backup, timeout_seconds=120)
    assert restored.returncode == 0, restored.stderr
    assert "Studies: 2. Held until a person says so: 0 studies, 1 reports." in restored.stdout
    again = run("triage-node", "--config", config, "restore", backup, timeout_seconds=120)
    assert (again.returncode, "is not empty" in again.stderr) == (2, True)

    node.start()
    node.wait_ready()
    assert {node.state(uid) for uid in (delivered, pending)} <= ENDED
    assert (deliveries(node, delivered), deliveries(node, pending)) == (["delivered"], ["held"])
    with httpx2.Client(base_url=node.web_address, timeout=60, headers={"Authorization": f"Bearer {token}"}) as program:
        studies = program.get("/api/studies").json()["studies"]
        assert {one["study_instance_uid"] for one in studies} == {delivered, pending}
        jobs = {one["name"]: one for one in program.get("/api/system").json()["upkeep"]}
        assert jobs["database backup"]["daily_at"] == "01:30"
    assert node.worklist.accounts.check("ann", PASSWORD, "127.0.0.1").name == "ann"
    third = send(node, tmp_path / "3", seed=3)
    wait_for(lambda: deliveries(node, third) == ["delivered"] if node.state(third) else False, "a new report", 180)
    assert deliveries(node, pending) == ["held"], "what is new goes out, what was open waits for a person"
    assert len(pacs.received()) == sent + 1

    said = node.command("deliveries", "--state", "held", "--resend", "--destination", pacs.address).stdout
    assert said == f"1 reports for {pacs.address} will be sent again.\n"
    wait_for(lambda: deliveries(node, pending) == ["delivered"], "the report that a person sent again", 60)
