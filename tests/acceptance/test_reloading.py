"""A node under load reads its settings anew: no association and no report is lost, and who is gone gets nothing."""

import pytest
from ct import head_ct, save
from hospital import Size
from nodes import RunningNode
from pacs import Storescp
from persistent_sender import PersistentSender
from pydicom import dcmread
from pynetdicom import AE, build_context
from pynetdicom.sop_class import CTImageStorage, Verification

pytestmark = pytest.mark.usefixtures("collect_sockets")

OF_THE_SCHEDULER = 6
"""Threads that its jobs begin as they come due."""
OF_THE_POOL = 10
"""Files of connections to the database: the pool may have grown to its five."""
CONTEXTS = [build_context(Verification), build_context(CTImageStorage, "1.2.840.10008.1.2.1")]


@pytest.fixture
def send(tmp_path):
    """Send a study, too small to be analyzed, with DCMTK; its report says so and takes no time. Return its UID."""

    def send(node, seed):
        images = head_ct(slices=3, size=(16, 16), seed=seed)
        uid = str(images[0].StudyInstanceUID)
        save(images, tmp_path / uid)
        sent = node.storescu(tmp_path / uid)
        assert sent.returncode == 0, sent.stderr
        return uid

    return send


def associated(node, calling):
    """Open an association as a modality does."""
    return AE(ae_title=calling).associate("127.0.0.1", node.port, contexts=CONTEXTS, ae_title="TRIAGE")


def studies(pacs):
    """Return the studies that a PACS has reports of."""
    return {str(dcmread(path, stop_before_pixels=True).StudyInstanceUID) for path in pacs.received()}


def events(node, code):
    return [one.message for one in node.worklist.study_details.events(code)]


def test_destinations_come_and_go_while_senders_send(start, send, tmp_path, wait_for, seed):
    first, second = start(Storescp, "first"), start(Storescp, "second")
    node = start(RunningNode, "node", destinations=[first.address])
    load = head_ct(slices=200, size=(16, 16), seed=1)
    files = dict(zip((str(ds.SOPInstanceUID) for ds in load), save(load, tmp_path / "load"), strict=True))
    sender = PersistentSender("LOAD", node.port, files, tmp_path / "load.log", seed, seconds=15)
    sender.start()
    modality = associated(node, "CT1")
    uid = send(node, 2)
    wait_for(lambda: uid in studies(first), "the report at the first one", 120)

    node.reload(destinations=[first.address, second.address])
    uid = send(node, 3)
    wait_for(lambda: uid in studies(second) and uid in studies(first), "the report at both", 60)

    first.stop()
    owed = send(node, 4)
    wait_for(lambda: owed in studies(second), "the report at the second one", 60)
    node.reload(destinations=[second.address])
    kept = f"{first.address} gets nothing any more; "
    assert any(kept in message and "are kept" in message for message in events(node, "settings_reloaded"))
    uid = send(node, 5)
    wait_for(lambda: uid in studies(second), "the report at the second one", 60)
    assert [one.destination for one in node.study(uid).deliveries] == [second.address]
    assert {one.destination: one.state for one in node.study(owed).deliveries}[first.address] == "pending"

    again = Storescp(tmp_path / "first", port=first.port)
    try:
        node.reload(destinations=[first.address, second.address])
        wait_for(lambda: owed in studies(again), "what it was owed", 60)
        assert uid not in studies(again)
    finally:
        again.stop()

    assert modality.is_established, "it was open at each reading"
    assert modality.send_c_store(head_ct(slices=1, size=(16, 16), seed=6)[0]).Status == 0
    modality.release()
    sender.join(60)
    assert sender.acknowledged == set(files)
    assert sender.sent_again == 0


def test_an_allow_list_is_in_force_at_the_next_association(start, wait_for):
    node = start(RunningNode, "node", allowed_calling_ae_titles=["CT1"], web_enabled=False)
    known = associated(node, "CT1")
    assert not associated(node, "CT2").is_established
    node.reload(allowed_calling_ae_titles=["CT2"], dicom_host="127.0.0.2", log_level="WARNING")
    assert known.send_c_echo().Status == 0
    known.release()
    assert not associated(node, "CT1").is_established
    now_known = associated(node, "CT2")
    assert now_known.is_established
    now_known.release()
    [message] = events(node, "settings_reloaded")
    assert message == ("Changed: allowed_calling_ae_titles, log_level. In force after a restart only: dicom_host.")
    assert "settings_want_restart names=dicom_host" in node.program.printed


def test_a_wrong_file_leaves_everything_as_it_was(start, send, wait_for, tmp_path):
    pacs = start(Storescp, "pacs")
    node = start(RunningNode, "node", destinations=[pacs.address], web_enabled=False)
    for wrong, why in (
        ({"destinations": ["nobody"]}, "destinations"),
        ({"destinations": [], "maximum_associations": 0}, "maximum_associations: must be at least 1"),
        ({"destinations": [{"url": "https://h/studies", "tls_ca": str(tmp_path / "none.pem")}]}, "none.pem"),
        ({"destinations": [], "no_such_setting": 1}, "There is no setting `no_such_setting`"),
    ):
        said = len(events(node, "settings_not_reloaded"))
        node.reload(**wrong)
        assert why in events(node, "settings_not_reloaded")[said]
        for key in wrong.keys() - {"destinations"}:
            del node.options[key]
    uid = send(node, 7)
    wait_for(lambda: uid in studies(pacs), "the report at the destination from before", 120)


@pytest.mark.slow
def test_settings_that_are_read_often_leave_no_threads_and_no_files_behind(start, wait_for):
    node = start(RunningNode, "node", web_enabled=False)
    node.wait_ready()

    def size():
        return Size.of(node.program.process.pid)

    node.reload(destinations=["A@127.0.0.1:1"], sources=["S@127.0.0.1:1"])
    before = size()
    for number in range(2, 22):
        peers = [f"A@127.0.0.1:{number}", f"B@127.0.0.1:{number}"]
        node.reload(destinations=peers, sources=peers, maximum_associations=number)
    node.reload(destinations=["A@127.0.0.1:1"], sources=["S@127.0.0.1:1"])
    most = before.threads + OF_THE_SCHEDULER
    wait_for(lambda: size().threads <= most, "the end of those that are named no more")
    assert size().descriptors <= before.descriptors + OF_THE_POOL, "80 threads came and went"
