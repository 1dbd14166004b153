"""Messages to a real listener on loopback: taken, refused, silent, hostile, gone and back."""

import socket
import threading

import pytest
from certificates import Authority
from hl7_listener import Hl7Listener, acknowledgment
from hypothesis import given
from hypothesis import strategies as st
from notices import ANN, notice

from triage_node.delivery import Caller
from triage_node.delivery.notices.acknowledgment import Acknowledgment
from triage_node.delivery.notices.mllp import Mllp
from triage_node.dimse import server_context
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerRefused, PeerUnreachable, Trouble

CALLER = Caller("TRIAGE", 2.0, 2.0)
TOLD = notice(ANN)


@pytest.fixture
def listener():
    listener = Hl7Listener()
    yield listener
    listener.stop()


def channel_to(listener, caller=CALLER, **options):
    return Mllp(Destination(url=listener.url, name="ris", patient_data=True, **options), caller)


def test_messages_go_over_one_connection_and_are_read_strictly(listener):
    channel = channel_to(listener)
    for number in range(3):
        words = channel.tell(notice(ANN, id=f"{number}" * 32))
        assert words == f"ORU^R01 {str(number) * 20}, answered AA"
        assert "Ann" not in words
    channel.rest()
    assert listener.connections == 1
    assert [one.msh.msh_10.value for one in listener.parsed()] == [str(number) * 20 for number in range(3)]


def test_a_listener_that_was_restarted_costs_no_try(listener, wait_for):
    channel = channel_to(listener)
    channel.tell(TOLD)
    listener.cut()
    wait_for(lambda: not listener._open, "the connection to be closed")
    channel.tell(TOLD)
    channel.rest()
    assert listener.connections == 2
    assert len(set(listener.messages)) == 1, "the same message, by the same control ID"


@pytest.mark.parametrize(
    ("code", "error", "raised"),
    [
        ("AA", "", None),
        ("CA", "", None),
        ("AE", "", PeerBusy),
        ("CE", "", PeerBusy),
        ("AE", "207", PeerBusy),
        ("AE", "101", PeerRefused),
        ("AR", "", PeerRefused),
        ("CR", "", PeerRefused),
        ("AR", "207", PeerBusy),
        ("AR", "203", PeerRefused),
    ],
)
def test_an_answer_says_whether_trying_again_helps(listener, code, error, raised):
    listener.answer = lambda message: acknowledgment(message, code, error)
    channel = channel_to(listener)
    if raised is None:
        assert channel.tell(TOLD).endswith(f"answered {code}")
    else:
        with pytest.raises(raised, match=f"ris answered {code}") as caught:
            channel.tell(TOLD)
        assert "Other" not in str(caught.value), "what the receiver says may name the patient"
    channel.rest()


def test_an_acknowledgment_of_another_message_is_none_of_this_one(listener):
    listener.answer = lambda message: acknowledgment(message, control_id="ANOTHER")
    channel = channel_to(listener)
    with pytest.raises(PeerBusy, match="another message"):
        channel.tell(TOLD)
    listener.answer = acknowledgment
    channel.tell(TOLD)
    channel.rest()
    assert listener.connections == 2, "what may still come over the old connection is not believed"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x0b\x1c\r",
        b"HTTP/1.1 200 OK\r\n\r\n\x1c\r",
        b"\x0bMSH\x1c\r",
        b"\x0bMSA|AA\x1c\r",
        b"\x0bMSH|^~\\&|R\rMSA|ZZ|1\r\x1c\r",
        b"\x0bMSH|^~\\&|R\rMSA|AA\r\x1c\r",
        b"\x0b" + b"A" * (1 << 18),
        b"\xff" * 100 + b"\x1c\r",
    ],
    ids=["closed", "empty", "web", "no code", "no header", "other code", "no control id", "long", "bytes"],
)
def test_what_is_no_acknowledgment_is_not_taken_for_one(listener, answer, wait_for):
    listener.answer = lambda _: answer
    if not answer:
        listener.answer = lambda _: listener.cut() or b""
    channel = channel_to(listener)
    with pytest.raises((PeerUnreachable, PeerBusy)):
        channel.tell(TOLD)
    channel.rest()


@pytest.mark.parametrize("drip", [b"", b"\x0b"])
def test_a_receiver_that_is_silent_or_slow_is_left_in_time(drip):
    said, over = threading.Event(), threading.Event()

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1 << 16)
            said.set()
            while not over.wait(0.02) and drip:
                try:
                    connection.sendall(drip)
                except OSError:
                    return
            over.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        url = f"mllp://127.0.0.1:{listening.getsockname()[1]}"
        channel = Mllp(Destination(url=url, patient_data=True), Caller("TRIAGE", 2.0, 0.3))
        with pytest.raises(PeerUnreachable, match="does not answer") as raised:
            channel.tell(TOLD)
        assert raised.value.trouble is Trouble.NO_ANSWER
        assert said.is_set()
        channel.rest()
        over.set()
        thread.join(10)


def test_nobody_there_is_an_outage_and_a_check_sends_nothing(listener):
    channel = channel_to(listener)
    assert channel.check().startswith("takes connections in")
    assert listener.messages == []
    listener.stop()
    for call in (channel.check, lambda: channel.tell(TOLD)):
        with pytest.raises(PeerUnreachable, match="ris cannot be reached") as raised:
            call()
        assert raised.value.trouble is Trouble.NOT_REACHED


def test_over_tls_the_receiver_shows_a_certificate_that_is_checked(tmp_path):
    authority, stranger = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    server = authority.issue("ris")
    listener = Hl7Listener(context=server_context(server.certificate, server.key))
    channel = channel_to(listener, tls_ca=authority.ca)
    assert channel.check().endswith("over TLS")
    channel.tell(TOLD)
    channel.rest()
    with pytest.raises(PeerUnreachable, match="certificate") as raised:
        channel_to(listener, tls_ca=stranger.ca).tell(TOLD)
    assert raised.value.trouble is Trouble.NO_TLS
    listener.stop()
    assert len(listener.messages) == 1


def test_an_acknowledgment_is_read_with_other_delimiters_and_ends_of_lines():
    answer = b"\x0b\nMSH#*~\\&#RIS\nMSA#aa# 77 #OK\nERR###207*Internal\n\x1c\r"
    assert Acknowledgment.read(answer) == Acknowledgment("AA", "77", "207")


@given(st.one_of(st.binary(max_size=200), st.text("MSHARE|^~\\&\r\n17", max_size=80).map(str.encode)))
def test_an_answer_is_read_whatever_it_is(answer):
    found = Acknowledgment.read(answer)
    assert found is None or len(found.error) <= 4
