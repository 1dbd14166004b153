"""The protocol by hand: what no well-behaved sender would ever send."""

import socket
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intakes import Intake

from triage_node.dimse.command_set import Command, Operation
from triage_node.dimse.pdu import HEADER, PDUType, ProtocolError, data_items, data_pdus

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
ABORT, REJECT, ACCEPT, RELEASED = b"\x07", b"\x03", b"\x02", b"\x06"


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def associate_request(calling: str = "TESTER", abstract: str = VERIFICATION) -> bytes:
    context = b"\x01\0\0\0" + item(0x30, abstract.encode()) + item(0x40, IMPLICIT.encode())
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3")
    body = struct.pack(">HH", 1, 0) + b"TRIAGE".ljust(16) + calling.encode().ljust(16) + bytes(32)
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user)
    return HEADER.pack(PDUType.ASSOCIATE_RQ, len(body)) + body


def echo_request(message_id: int = 7) -> bytes:
    elements = [
        (0x0002, VERIFICATION.encode() + b"\0"),
        (0x0100, struct.pack("<H", Operation.C_ECHO)),
        (0x0110, struct.pack("<H", message_id)),
        (0x0800, struct.pack("<H", 0x0101)),
    ]
    encoded = b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in elements)
    return struct.pack("<HHLL", 0, 0, 4, len(encoded)) + encoded


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    from triage_node.config import read_settings

    folder = tmp_path_factory.mktemp("intake")
    intake = Intake(read_settings(dicom_port=0, data_dir=folder, connect_timeout_seconds=1, association_idle_seconds=2))
    yield intake.port
    intake.stop()


def talk(port: int, *messages: bytes) -> bytes:
    """Send bytes, then say no more; return all that is answered until the node closes."""
    answered = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            for message in messages:
                connection.sendall(message)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answered += part
        except OSError:  # the node was faster: it has closed the connection
            return answered
    return answered


def test_an_echo_and_a_release(port):
    answered = talk(
        port, associate_request(), data_pdus(1, echo_request()), HEADER.pack(PDUType.RELEASE_RQ, 4) + bytes(4)
    )
    assert answered[:1] == ACCEPT
    assert answered[-10:-9] == RELEASED
    response = answered[HEADER.unpack(answered[:6])[1] + 6 :]
    command = Command.decode(response[12 : 6 + HEADER.unpack(response[:6])[1]])
    assert command.operation == Operation.C_ECHO | 0x8000
    assert not command.has_data_set


@pytest.mark.parametrize(
    "messages",
    [
        [data_pdus(1, echo_request())],
        [HEADER.pack(0x55, 4) + bytes(4)],
        [HEADER.pack(PDUType.ASSOCIATE_RQ, 0xFFFFFFFF)],
        [HEADER.pack(PDUType.ASSOCIATE_RQ, 10) + bytes(10)],
        [HEADER.pack(PDUType.ASSOCIATE_RQ, 0)],
        [associate_request(), associate_request()],
        [associate_request(), data_pdus(3, echo_request())],
        [associate_request(), data_pdus(1, b"nonsense")],
        [associate_request(), HEADER.pack(PDUType.DATA_TF, 6) + struct.pack(">LBB", 99, 1, 3)],
        [associate_request(), HEADER.pack(PDUType.DATA_TF, 6) + struct.pack(">LBB", 2, 1, 0)],
        [associate_request(), HEADER.pack(PDUType.DATA_TF, 3) + b"abc"],
    ],
    ids=[
        "data before the association",
        "unknown PDU",
        "gigabytes announced",
        "short request",
        "empty request",
        "second request",
        "context that was not accepted",
        "command that is none",
        "item longer than its PDU",
        "data set before its command",
        "item cut off",
    ],
)
def test_who_breaks_the_protocol_is_aborted(port, messages):
    answered = talk(port, *messages)
    assert answered[-10:-9] == ABORT
    assert answered[-2] == 2, "the abort comes from the service provider"


@pytest.mark.slow
def test_a_request_that_comes_drop_by_drop_is_not_waited_for(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(associate_request()[:20])
        assert connection.recv(100) == b"", "the request must be whole in a second"


def test_a_query_class_is_not_accepted(port):
    answered = talk(port, associate_request(abstract="1.2.840.10008.5.1.4.1.2.2.1"))
    assert answered[:1] == ACCEPT
    assert b"\x21\0" in answered
    result = answered[answered.index(b"\x21\0") + 6]
    assert result == 3, "abstract syntax not supported"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    noise=st.one_of(
        st.binary(max_size=300),
        st.tuples(st.integers(6, 200), st.integers(0, 255)).map(
            lambda change: associate_request()[: change[0]] + bytes([change[1]]) + associate_request()[change[0] + 1 :]
        ),
    )
)
def test_whatever_is_sent_the_node_answers_the_next_one(port, noise):
    talk(port, noise)
    assert talk(port, associate_request())[:1] == ACCEPT


@given(body=st.binary(max_size=200))
def test_items_of_any_bytes_are_read_or_refused(body):
    try:
        items = list(data_items(memoryview(body)))
    except ProtocolError:
        return
    assert sum(len(one.data) + 6 for one in items) == len(body)


@given(encoded=st.binary(max_size=200))
def test_commands_of_any_bytes_are_read_or_refused(encoded):
    try:
        Command.decode(encoded)
    except ValueError:
        return
