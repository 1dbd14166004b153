"""What the listener counts: associations and instances, by why they were refused."""

import pytest
from ct import head_ct, save
from intakes import store
from pydicom import dcmread
from upper_layer import IMPLICIT, Peer, associate_request, context

from triage_node.storage import Disk, Watermarks

# pynetdicom, as the sender, does not close the socket of an association that is refused.
pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture
def file(tmp_path):
    [path] = save(head_ct(slices=1, size=(64, 64)), tmp_path)
    return path


def test_what_is_kept_is_counted_and_timed(start_intake, file):
    node = start_intake()
    assert store(node.port, file) == 0
    assert store(node.port, file, calling="OTHER") == 0
    assert node.counted("associations_total") == 2
    assert node.counted("instances_received_total") == 2
    assert node.counted("received_bytes_total") > 2 * 64 * 64 * 2
    assert node.counted("c_store_duration_seconds_count") == 2
    assert 0 < node.counted("c_store_duration_seconds_sum") < 60


@pytest.mark.parametrize(
    ("settings", "calling", "reason"),
    [
        ({"allowed_calling_ae_titles": ["CT1"]}, "TESTER", "calling_ae_title"),
        ({"ae_title": "ELSE", "check_called_ae_title": True}, "TESTER", "called_ae_title"),
        ({"allowed_peers": ["TESTER@127.0.0.9"]}, "TESTER", "address"),
    ],
)
def test_who_is_turned_away_is_counted_by_why(start_intake, file, wait_for, settings, calling, reason):
    node = start_intake(**settings)
    assert store(node.port, file, calling=calling) is None
    wait_for(lambda: node.counted("associations_refused_total", reason=reason) == 1, "the count")
    assert node.counted("associations_total") == 0


def test_a_breach_of_protocol_is_counted(start_intake, wait_for):
    node = start_intake()
    with Peer.connect(node.port) as peer:
        peer.send(b"GET / HTTP/1.1\r\n\r\n")
        wait_for(lambda: node.counted("associations_refused_total", reason="protocol") == 1, "the count")


def test_a_full_disk_is_counted_for_associations_and_instances(start_intake, file):
    node = start_intake()
    node.spool._disk = Disk(node.spool.layout.root, Watermarks(reserve_mb=1 << 40))
    assert store(node.port, file) is None
    assert node.counted("associations_refused_total", reason="disk_full") == 1
    assert node.counted("instances_received_total") == 0


def test_an_instance_that_is_none_is_counted(start_intake, file, tmp_path):
    node = start_intake()
    ds, broken = dcmread(file), tmp_path / "broken.dcm"
    del ds.StudyInstanceUID
    ds.save_as(broken)
    assert store(node.port, broken) not in (0, None)
    refused = {
        reason: node.counted("instances_refused_total", reason=reason)
        for reason in ("unreadable", "sop_class", "sop_instance", "announced", "too_large", "disk_full", "failed")
    }
    assert sum(refused.values()) == 1, refused
    assert refused["unreadable"] == 1, refused


def test_strangers_make_no_series(start_intake, file):
    node = start_intake()
    before = series(node)
    for number in range(20):
        assert store(node.port, file, calling=f"STRANGER{number}") == 0
    assert series(node) == before


def series(node) -> set[tuple[str, ...]]:
    families = node.instruments.registry.collect()
    return {(sample.name, *sorted(sample.labels.values())) for family in families for sample in family.samples}


def senders_of(node):
    node.ingest.write_senders()
    return node.worklist.sender_counts.all()


def test_who_sent_and_who_was_turned_away_is_kept_by_sender(start_intake, file, wait_for):
    node = start_intake(allowed_peers=["CT1@127.0.0.1"])
    assert store(node.port, file, calling="CT1") == 0
    assert store(node.port, file, calling="CT1") == 0
    assert store(node.port, file, calling="CT2") is None
    wait_for(lambda: node.counted("associations_refused_total", reason="calling_ae_title") == 1, "the count")
    stranger, known = senders_of(node)
    assert (known.ae_title, known.address, known.instances, known.associations) == ("CT1", "127.0.0.1", 2, 2)
    [refusal] = stranger.refusals
    assert (stranger.ae_title, stranger.instances, refusal.reason) == ("CT2", 0, "calling_ae_title")
    assert "not on the allow list" in refusal.sentence


def test_the_ae_title_that_was_called_is_told(start_intake, file, wait_for):
    node = start_intake(ae_title="ELSE", check_called_ae_title=True)
    assert store(node.port, file) is None
    wait_for(lambda: node.counted("associations_refused_total", reason="called_ae_title") == 1, "the count")
    [sender] = senders_of(node)
    assert "calls the AE title 'ANY-SCP', ours is 'ELSE'" in sender.refusals[0].sentence


def test_a_peer_that_offers_nothing_of_use_is_told_what_it_offered(start_intake, wait_for):
    node = start_intake()
    with Peer.connect(node.port) as peer:
        peer.associate(associate_request(context(1, b"1.2.840.10008.5.1.4.31", IMPLICIT)))
        wait_for(lambda: node.counted("associations_refused_total", reason="no_context") == 1, "the count")
    [sender] = senders_of(node)
    assert "Modality Worklist Information Model - FIND" in sender.refusals[0].sentence
    assert (sender.associations, sender.refusals[0].reason) == (0, "no_context")


def test_a_file_that_is_refused_is_counted_of_its_sender(start_intake, file):
    node = start_intake()
    ds = dcmread(file)
    del ds.StudyInstanceUID
    ds.save_as(file)
    assert store(node.port, file, calling="CT1") == 0xC000
    [sender] = senders_of(node)
    assert (sender.associations, sender.instances, sender.refusals[0].reason) == (1, 0, "unreadable")
