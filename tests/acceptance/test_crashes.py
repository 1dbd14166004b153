"""A power cut anywhere: nothing acknowledged is missing, and every study ends in a report or a named reason."""

import os
import signal
import subprocess

from ct import head_ct, save
from nodes import RunningNode
from pacs import Storescp
from persistent_sender import ACKNOWLEDGED
from programs import need
from pydicom import dcmread
from pydicom.uid import generate_uid

from triage_node.report import summarize

ENDED = {"analyzed", "unsuitable", "failed"}
LONG = {"slices": 128, "size": (256, 256)}
"""A head CT whose analysis takes seconds, also on a quick machine: it is to be caught in the middle."""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def died(node: RunningNode, uid: str) -> int:
    """How often a worker died over the study."""
    return [event.code for event in node.study(uid).events].count("worker_died")


def test_kill_the_worker_in_mid_inference(start, tmp_path, wait_for):
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address])
    node.wait_ready()
    images = head_ct(**LONG, seed=1)
    uid = str(images[0].StudyInstanceUID)
    node.storescu(*save(images, tmp_path / "study"))
    wait_for(lambda: node.state(uid) == "analyzing", "the start of the analysis")
    os.kill(node.worker_pid, signal.SIGKILL)
    wait_for(lambda: node.state(uid) in ENDED, "the end of the study", 120)
    codes = [event.code for event in node.study(uid).events]
    assert "worker_died" in codes
    assert node.state(uid) == "analyzed"
    wait_for(pacs.received, "the report", 60)


def test_a_kill_of_the_whole_node_in_mid_inference_is_no_try_of_the_study(start, tmp_path, wait_for):
    node = start(RunningNode, "node", analysis_attempts=1)
    node.wait_ready()
    images = head_ct(**LONG, seed=5)
    uid = str(images[0].StudyInstanceUID)
    node.storescu(*save(images, tmp_path / "study"))
    wait_for(lambda: node.state(uid) == "analyzing", "the start of the analysis")
    node.kill()
    node.start()
    wait_for(lambda: node.state(uid) in ENDED, "the end of the study", 120)
    study = node.study(uid)
    assert study.state == "analyzed"
    assert [event.code for event in study.events].count("node_stopped") == 1


def test_a_worker_that_always_dies_ends_in_a_report_with_the_reason(start, tmp_path, wait_for):
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", analysis_attempts=2, destinations=[pacs.address])
    node.wait_ready()
    images = head_ct(**LONG, seed=2)
    uid = str(images[0].StudyInstanceUID)
    node.storescu(*save(images, tmp_path / "study"))
    for deaths in (1, 2):
        wait_for(lambda: node.state(uid) == "analyzing", "the start of the analysis", 300)
        os.kill(node.worker_pid, signal.SIGKILL)
        wait_for(lambda deaths=deaths: died(node, uid) == deaths, "the death to be noticed", 300)
    wait_for(lambda: node.state(uid) in ENDED, "the end of the study", 120)
    assert node.state(uid) == "failed"
    assert node.study(uid).reasons[0].code == "analysis_failed"
    [report] = wait_for(pacs.received, "the report", 60)
    assert summarize(dcmread(report)).decision is None


def test_kill_the_whole_node_in_mid_receive(start, tmp_path, wait_for):
    node = start(RunningNode, "node")
    [template] = head_ct(slices=1, size=(512, 512), seed=4)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        template.SOPInstanceUID = template.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        template.save_as(folder / f"{number:03d}.dcm")
    command = [need("storescu"), "-d", "-xs", "+sd", "127.0.0.1", str(node.port), folder]
    log = tmp_path / "storescu.log"
    with log.open("w") as output:
        sender = subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=output, env={**os.environ, "TCP_NODELAY": "1"}
        )
    wait_for(lambda: log.read_text().count("0x0000: Success") > 40, "forty instances to be acknowledged")
    worker = node.worker_pid
    node.kill()
    sender.wait(60)
    acknowledged = set(ACKNOWLEDGED.findall(log.read_text()))
    assert len(acknowledged) > 40
    assert len(acknowledged) < 400, "the node was killed too late to prove anything"
    wait_for(lambda: not alive(worker), "the worker to end with its node")
    node.start()
    uid = str(template.StudyInstanceUID)
    wait_for(lambda: node.state(uid) in ENDED, "the end of the study", 120)
    spool = {str(dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID) for path in spooled(node)}
    assert acknowledged <= spool
    assert sum(series.instance_count for series in node.study(uid).series) == len(spool)


def spooled(node):
    return list((node.folder / "data/spool/studies").glob("*/*/*.dcm"))


def test_the_worklist_is_rebuilt_from_the_spool_and_everything_is_held(start, tmp_path, wait_for):
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address])
    images = head_ct(slices=32, size=(128, 128), seed=3)
    uid = str(images[0].StudyInstanceUID)
    node.storescu(*save(images, tmp_path / "study"))
    wait_for(pacs.received, "the report", 120)
    before = node.study(uid)
    node.stop()
    for file in (node.folder / "data").glob("worklist.sqlite*"):
        file.unlink()
    [report] = pacs.received()
    report.unlink()
    node.start()
    after = node.study(uid)
    assert after.held
    assert (after.state, after.decision) == (before.state, before.decision)
    assert after.probabilities == before.probabilities
    assert [one.state for one in after.deliveries] == ["held"]
    node.wait_ready()
    assert pacs.received() == []
    node.command("requeue", uid, "--resend")
    [again] = wait_for(pacs.received, "the report on a person's word", 60)
    assert dcmread(again).SOPInstanceUID == before.outcomes[0].report_sop_instance_uid
