"""Storage commitment with Orthanc, which asks us and is asked by us, and a restart in between."""

import json

import pytest
from commitments import POLICY, Requestor, Site
from ct import head_ct, save
from nodes import RunningNode
from pacs import Orthanc
from pydicom.uid import generate_uid

from triage_node.dimse import Status
from triage_node.dimse.normalized.storage_commitment import Reference
from triage_node.endpoints import Peer

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def asked(pacs: Orthanc, instances: list[tuple[str, str]]) -> str:
    """Have Orthanc ask the node for commitment and return where its account of the answer is."""
    answer = pacs.post("/modalities/triage/storage-commitment", {"DicomInstances": instances})
    return str(answer["Path"])


def test_orthanc_asks_us_and_is_told(start, make_settings, tmp_path, wait_for):
    pacs = start(Orthanc, "pacs")
    site = Site(make_settings(), Peer.parse(pacs.address), POLICY)
    try:
        pacs.introduce(site.port)
        images = head_ct(slices=3, size=(16, 16))
        for path in save(images, tmp_path / "study"):
            pacs.upload(path)
        pacs.push(str(images[0].StudyInstanceUID))
        kept = [(str(ds.SOPClassUID), str(ds.SOPInstanceUID)) for ds in images]
        everything = asked(pacs, kept)
        wait_for(lambda: pacs.get(everything)["Status"] == "Success", "Orthanc to be told")
        unknown, wrong_class = generate_uid(), "1.2.840.10008.5.1.4.1.1.4"
        some = asked(pacs, [kept[0], (wrong_class, kept[1][1]), (kept[0][0], unknown)])
        answer = wait_for(lambda: pacs.get(some)["Status"] == "Failure" and pacs.get(some), "Orthanc to be told")
        assert [one["SOPInstanceUID"] for one in answer["Success"]] == [kept[0][1]]
        assert {one["SOPInstanceUID"]: one["FailureReason"] for one in answer["Failures"]} == {
            kept[1][1]: Status.CLASS_INSTANCE_CONFLICT,
            unknown: Status.NO_SUCH_SOP_INSTANCE,
        }
        wait_for(lambda: len(site.events("commitment_told")) == 2, "the events")
    finally:
        site.stop()


def test_a_report_that_orthanc_loses_is_sent_again_until_it_is_committed(start, tmp_path, wait_for):
    pacs = start(Orthanc, "pacs")
    destination = {"url": f"dicom://{pacs.address}", "name": "pacs", "commitment": True}
    node = start(
        RunningNode,
        "node",
        environment={"TRIAGE_DESTINATIONS": json.dumps([destination])},
        commitment_wait_hours=5 / 3600,
    )
    images = head_ct(slices=32, size=(128, 128))
    uid = str(images[0].StudyInstanceUID)
    node.storescu(*save(images, tmp_path / "study"))
    [delivery] = wait_for(lambda: node.state(uid) and node.study(uid).deliveries, "the report", 120)
    # Orthanc does not know the node yet, and cannot tell it anything: nothing is committed in time.
    wait_for(lambda: _codes(node, uid).count("delivery_not_committed"), "no answer in time")
    pacs.introduce(node.port)
    wait_for(lambda: node.study(uid).deliveries[0].commitment == "committed", "Orthanc's commitment")
    [delivery] = node.study(uid).deliveries
    assert (delivery.state, delivery.last_error) == ("delivered", "")
    assert len(pacs.reports(uid)) == 1


def _codes(node: RunningNode, uid: str) -> list[str]:
    return [event.code for event in node.study(uid).events]


def test_a_result_is_told_by_the_node_that_was_killed_meanwhile(start, tmp_path, wait_for):
    requestor = Requestor()
    peer = requestor.listen()
    node = start(RunningNode, "node", commitment_peers=[str(peer)], web_enabled=False)
    images = head_ct(slices=2, size=(16, 16))
    node.storescu(*save(images, tmp_path / "study"))
    references = [Reference(str(ds.SOPClassUID), str(ds.SOPInstanceUID)) for ds in images]
    requestor.status = 0x0110
    assert requestor.ask(node.port, references) == 0
    node.kill()
    requestor.status = 0x0000
    node.start()
    [(kind, ds)] = wait_for(lambda: requestor.results, "the result", 90)
    requestor.stop()
    assert (kind, len(ds.ReferencedSOPSequence)) == (1, 2)
