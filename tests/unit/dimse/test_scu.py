"""Failures of a peer told apart as permanent or transient, by the peer's own answers on loopback."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from c_store import store_once
from ct import head_ct, save
from pynetdicom import AE, build_context, evt
from pynetdicom.acse import ACSE
from pynetdicom.association import Association
from pynetdicom.sop_class import CTImageStorage, MRImageStorage, Verification

from triage_node.dimse import echo, store_files
from triage_node.dimse.requestor import associate
from triage_node.endpoints import Peer
from triage_node.errors import PeerBusy, PeerRefused, PeerUnreachable

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("collect_sockets")]


@pytest.fixture
def peer() -> Iterator:
    servers = []

    def start(status: int = 0x0000, sop_class: str = CTImageStorage, handlers: Sequence = (), **options) -> Peer:
        ae = AE(ae_title="PEER")
        ae.add_supported_context(sop_class)
        ae.add_supported_context(Verification)
        for name, value in options.items():
            setattr(ae, name, value)
        handlers = [(evt.EVT_C_STORE, lambda _: status), *handlers]
        servers.append(ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers))
        return Peer(ae_title="PEER", host="127.0.0.1", port=servers[-1].server_address[1])

    yield start
    for server in servers:
        server.shutdown()


@pytest.fixture
def image():
    [ds] = head_ct(slices=1, size=(32, 32))
    return ds


@pytest.mark.parametrize("error", [RuntimeError("release unlocked lock"), AssertionError()])
def test_what_was_stored_stays_stored_when_its_association_ends_untidily(peer, image, tmp_path, monkeypatch, error):
    """CPython before 3.13 tells either of two threads that ask at once whether a third has ended."""
    release = Association.release

    def untidy(self):
        release(self)
        raise error

    monkeypatch.setattr(Association, "release", untidy)
    [sent] = store_files(peer(), save([image], tmp_path), "TRIAGE", 5)
    assert not sent.error
    assert echo(peer(), "TRIAGE", 5) > 0


def test_echo_tells_how_long_it_took(peer):
    assert 0 < echo(peer(), "TRIAGE", 5) < 5


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB007])
def test_success_and_warnings_are_stored(peer, image, status):
    assert store_once(peer(status), [image], "TRIAGE", 5) is image


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (0xA700, PeerBusy, True),
        (0xA7FF, PeerBusy, True),
        (0x0110, PeerBusy, True),
        (0xA900, PeerRefused, False),
        (0xC123, PeerRefused, False),
        (0x0122, PeerRefused, False),
        (0x0124, PeerRefused, False),
    ],
)
def test_a_status_is_transient_or_permanent(peer, image, status, error, retryable):
    with pytest.raises(error, match=f"0x{status:04X}") as caught:
        store_once(peer(status), [image], "TRIAGE", 5)
    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("MessageIDBeingRespondedTo", 2),
        ("MessageIDBeingRespondedTo", 65535),
        ("CommandField", 0x8030),
        ("AffectedSOPInstanceUID", lambda uid: uid[:-1] + ("1" if uid[-1] != "1" else "2")),
    ],
)
def test_an_answer_to_another_message_is_none(peer, image, keyword, value):
    def mislead(event: evt.Event) -> None:
        command = event.message.command_set
        command[keyword].value = value(command[keyword].value) if callable(value) else value

    with pytest.raises(PeerUnreachable) as caught:
        store_once(peer(handlers=[(evt.EVT_DIMSE_SENT, mislead)]), [image], "TRIAGE", 5)
    assert caught.value.retryable


def test_an_answer_that_names_no_instance_is_one(peer, image):
    def shorten(event: evt.Event) -> None:
        event.message.command_set.AffectedSOPInstanceUID = None

    assert store_once(peer(handlers=[(evt.EVT_DIMSE_SENT, shorten)]), [image], "TRIAGE", 5) is image


def test_each_message_of_an_association_has_a_number_of_its_own(peer, tmp_path):
    numbers: list[int] = []
    listen = (evt.EVT_DIMSE_RECV, lambda event: numbers.append(event.message.command_set.MessageID))
    files = save(head_ct(slices=3, size=(32, 32)), tmp_path / "images")
    assert not [sent for sent in store_files(peer(handlers=[listen]), files, "TRIAGE", 5) if sent.error]
    assert numbers == [1, 2, 3]


def test_the_time_for_an_answer_is_not_the_time_for_a_connection(peer, image):
    answer = threading.Event()

    def store(_: evt.Event) -> int:
        answer.wait(1.5)
        return 0x0000

    slow = peer(handlers=[(evt.EVT_C_STORE, store)])
    assert store_once(slow, [image], "TRIAGE", 1, 30) is image
    with pytest.raises(PeerUnreachable):
        store_once(slow, [image], "TRIAGE", 30, 0.2)
    answer.set()


def test_a_class_that_is_not_accepted_is_permanent(peer, image):
    with pytest.raises(PeerRefused, match="accepts none"):
        store_once(peer(sop_class=MRImageStorage), [image], "TRIAGE", 5)


def test_a_caller_that_is_not_known_is_permanent(peer, image):
    with pytest.raises(PeerRefused, match="does not know our AE title"):
        store_once(peer(require_calling_aet=["OTHER"]), [image], "TRIAGE", 5)


def test_a_rejection_that_is_read_before_the_caller_looks_is_permanent(peer, image, monkeypatch):
    # On a busy machine the thread that reads may have the answer, and close, before the caller's turn comes.
    request = ACSE.send_request

    def request_and_wait(acse):
        request(acse)
        acse.dul.join(5)
        assert not acse.dul.is_alive()

    monkeypatch.setattr(ACSE, "send_request", request_and_wait)
    with pytest.raises(PeerRefused, match="does not know our AE title"):
        store_once(peer(require_calling_aet=["OTHER"]), [image], "TRIAGE", 5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_port_nobody_listens_on_is_transient(image):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = Peer(ae_title="X", host="127.0.0.1", port=probe.getsockname()[1])
        with pytest.raises(PeerUnreachable) as caught:
            store_once(nobody, [image], "TRIAGE", 1)
    assert caught.value.retryable


def test_a_name_that_does_not_resolve_is_transient(image):
    with pytest.raises(PeerUnreachable, match=r"X@nobody\.invalid:104 cannot be reached: ") as raised:
        echo(Peer("X", "nobody.invalid", 104), "TRIAGE", 1)
    assert raised.value.retryable, "the name server may be down"


def test_a_peer_that_takes_the_connection_and_says_nothing_does_not_hold_us(image):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destination = Peer(ae_title="X", host="127.0.0.1", port=silent.getsockname()[1])
        start = time.monotonic()
        with pytest.raises(PeerUnreachable):
            store_once(destination, [image], "TRIAGE", 1)
        assert time.monotonic() - start < 10, "the time limit of a second must hold, give or take a busy machine"


def test_files_that_are_no_instances_are_named_and_the_rest_is_sent(peer, tmp_path):
    files = save(head_ct(slices=2, size=(32, 32)), tmp_path / "images")
    bad = tmp_path / "notes.txt"
    bad.write_text("no DICOM")
    sent = list(store_files(peer(), [bad, *files], "TRIAGE", 5))
    assert [one.path.name for one in sent if one.error] == ["notes.txt"]
    assert len(sent) == 3


def test_an_answer_goes_to_who_asked_and_not_to_the_thread_of_pynetdicom(peer, wait_for):
    """That thread says that it pauses before it does: on a busy machine it took answers, and sends stood for 60 s."""
    with associate(peer(), [build_context(Verification)], "TRIAGE", 5.0) as requests:
        dimse, looks = requests._assoc.dimse, []
        take = dimse.get_msg

        def counted(block=False):
            looks.append(block)
            return take(block)

        dimse.get_msg = counted
        with requests._answers.awaited():
            dimse.msg_queue.put((1, "an answer"))
            before = len(looks)
            wait_for(lambda: len(looks) > before + 3, "its thread to look")
            assert dimse.msg_queue.get_nowait() == (1, "an answer")
        dimse.msg_queue.put((None, None))
        wait_for(lambda: dimse.msg_queue.empty(), "its thread to take what nobody asked for")
