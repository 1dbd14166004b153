"""Destinations that answer with lengths, items and elements that are wrong: a failure in time, and nothing left behind.

pynetdicom's half of a requestor believes what it is told, and what its threads raise nobody catches.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from c_store import store_once
from ct import head_ct
from upper_layer import data, item

from triage_node.dimse.associate_request import Request
from triage_node.dimse.negotiation import accept
from triage_node.dimse.normalized.services import Services
from triage_node.dimse.pdu import HEADER, PDUType
from triage_node.endpoints import Peer
from triage_node.errors import PeerError, PeerUnreachable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::UserWarning:pydicom"),
]

LONGEST = 0xFFFFFFFF
SECONDS = 0.3
Behavior = Callable[[socket.socket], None]


def read_pdu(connection: socket.socket) -> bytes:
    _, length = HEADER.unpack(connection.recv(HEADER.size, socket.MSG_WAITALL))
    return connection.recv(length, socket.MSG_WAITALL)


@pytest.fixture
def answering() -> Iterator[Callable[..., Peer]]:
    """A peer that sends these PDUs to the association request, and those when a message has begun, then is silent."""
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(to_request: bytes | None, to_message: bytes = b"") -> Peer:
        server = socket.create_server(("127.0.0.1", 0))
        opened.append(server)

        def serve() -> None:
            connection, _ = server.accept()
            opened.append(connection)
            request = read_pdu(connection)
            connection.sendall(accept(Request.decode(request), Services(()))[0] if to_request is None else to_request)
            read_pdu(connection)
            connection.sendall(to_message)

        threads.append(threading.Thread(target=lambda: suppressed(serve), daemon=True))
        threads[-1].start()
        return Peer(ae_title="PEER", host="127.0.0.1", port=server.getsockname()[1])

    yield start
    for thread in threads:
        thread.join(5)
    for one in opened:
        one.close()


def suppressed(serve: Callable[[], None]) -> None:
    try:
        serve()
    except (OSError, struct.error):
        return


@pytest.fixture(scope="module")
def image():
    [ds] = head_ct(slices=1, size=(16, 16))
    return ds


def pdu(kind: int, body: bytes, length: int | None = None) -> bytes:
    return HEADER.pack(kind, len(body) if length is None else length) + body


def pdv(length: int, content: bytes = b"", context: int = 1, control: int = 3) -> bytes:
    return struct.pack(">LBB", length, context, control) + content


def response(**changed: bytes | None) -> bytes:
    """A C-STORE response with elements changed, or removed where they are None."""
    elements = {
        "class": (0x0002, b"1.2.840.10008.5.1.4.1.1.2\0"),
        "field": (0x0100, b"\x01\x80"),
        "responded": (0x0120, b"\x01\0"),
        "type": (0x0800, b"\x01\x01"),
        "status": (0x0900, b"\0\0"),
        "instance": (0x1000, b"1.2.3\0"),
    }
    pairs = [(element, changed.get(name, value)) for name, (element, value) in elements.items()]
    content = b"".join(
        struct.pack("<HHL", 0, element, len(value)) + value for element, value in pairs if value is not None
    )
    return data(1, struct.pack("<HHLL", 0, 0, 4, len(content)) + content, is_command=True)


ASSOCIATE_AC = struct.pack(">HH", 1, 0) + bytes(64)
TO_REQUEST = {
    "nothing but a header": pdu(PDUType.ASSOCIATE_AC, b""),
    "one byte": pdu(PDUType.ASSOCIATE_AC, b"\0"),
    "no items": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC),
    "an item longer than the PDU": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC + b"\x10\0\xff\xff1.2"),
    "an item of no length": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC + b"\x21\0\0\0"),
    "an item of one byte": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC + b"\x21\0\0\x01\x01"),
    "a context nobody proposed": pdu(
        PDUType.ASSOCIATE_AC, ASSOCIATE_AC + item(0x21, b"\x63\0\0\0" + item(0x40, b"1.2"))
    ),
    "an even context": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC + item(0x21, b"\x02\0\0\0" + item(0x40, b"1.2"))),
    "a result of no meaning": pdu(
        PDUType.ASSOCIATE_AC, ASSOCIATE_AC + item(0x21, b"\x01\0\xff\0" + item(0x40, b"1.2"))
    ),
    "an unknown item": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC + b"\x99\0\0\x01x"),
    "a UID of 1,000 characters": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC + item(0x10, b"1." + b"2" * 998)),
    "a UID with a NUL": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC + item(0x10, b"1.2\0.3")),
    "bytes of nothing": pdu(PDUType.ASSOCIATE_AC, b"\xff" * 200),
    "a rejection of no length": pdu(PDUType.ASSOCIATE_RJ, b""),
    "a rejection of one byte": pdu(PDUType.ASSOCIATE_RJ, b"\0"),
    "a rejection of no meaning": pdu(PDUType.ASSOCIATE_RJ, b"\0\xff\xff\xff"),
    "an abort of no length": pdu(PDUType.ABORT, b""),
    "data": pdu(PDUType.DATA_TF, pdv(2)),
    "our own request": pdu(PDUType.ASSOCIATE_RQ, ASSOCIATE_AC),
    "a release": pdu(PDUType.RELEASE_RQ, bytes(4)),
    "an unknown PDU": pdu(0x42, bytes(4)),
    "gigabytes": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC, LONGEST),
    "a web page": b"HTTP/1.1 200 OK\r\n\r\n<html>",
}
TO_MESSAGE = {
    "a PDU of no length": pdu(PDUType.DATA_TF, b""),
    "a PDU of one byte": pdu(PDUType.DATA_TF, b"\0"),
    "a PDU of gigabytes": pdu(PDUType.DATA_TF, b"", LONGEST),
    "a data item of no length": pdu(PDUType.DATA_TF, pdv(0)),
    "a data item of one byte": pdu(PDUType.DATA_TF, pdv(1)),
    "a data item without a fragment": pdu(PDUType.DATA_TF, pdv(2)),
    "a data item longer than its PDU": pdu(PDUType.DATA_TF, pdv(100, b"abc")),
    "a data item of gigabytes": pdu(PDUType.DATA_TF, pdv(LONGEST, b"abc")),
    "another context": pdu(PDUType.DATA_TF, pdv(5, b"abc", context=99)),
    "a data set without a command": pdu(PDUType.DATA_TF, pdv(5, b"abc", control=2)),
    "a command that is none": pdu(PDUType.DATA_TF, pdv(5, b"abc")),
    "an element of gigabytes": data(1, struct.pack("<HHL", 0, 0x0002, LONGEST), is_command=True),
    "an element of another group": data(1, struct.pack("<HHL", 8, 0x0018, 4) + b"1.23", is_command=True),
    "no field": response(field=None),
    "an empty field": response(field=b""),
    "a field of no meaning": response(field=b"\xff\xff"),
    "a field of one byte": response(field=b"\x01"),
    "no message": response(responded=None),
    "an empty message": response(responded=b""),
    "no status": response(status=None),
    "an empty status": response(status=b""),
    "a status of one byte": response(status=b"\0"),
    "a status of four bytes": response(status=b"\0\0\0\0"),
    "no data set type": response(type=None),
    "a data set that never comes": response(type=b"\0\0"),
    "another instance": response(instance=b"1.2.4\0"),
    "an instance with a NUL": response(instance=b"1\0.3.4\0"),
    "an instance of 1,000 characters": response(instance=b"1." + b"2" * 998),
    "a request": response(field=b"\x01\0"),
    "a second acceptance": pdu(PDUType.ASSOCIATE_AC, ASSOCIATE_AC),
    "a rejection": pdu(PDUType.ASSOCIATE_RJ, b"\0\1\1\1"),
    "an abort of no length": pdu(PDUType.ABORT, b""),
    "an abort of one byte": pdu(PDUType.ABORT, b"\0"),
    "a release": pdu(PDUType.RELEASE_RQ, bytes(4)),
    "an answer to no release": pdu(PDUType.RELEASE_RP, bytes(4)),
    "an unknown PDU": pdu(0x42, bytes(4)),
    "bytes of nothing": b"\xff" * 100,
}


@pytest.mark.parametrize("to_request", TO_REQUEST.values(), ids=TO_REQUEST.keys())
def test_an_odd_answer_to_a_request_is_a_failure_that_leaves_nothing(answering, image, to_request, wait_for):
    before = threading.active_count()
    with pytest.raises(PeerError):
        store_once(answering(to_request), [image], "TRIAGE", SECONDS)
    wait_for(lambda: threading.active_count() <= before + 1, "threads of the association to end", 5)


@pytest.mark.parametrize("to_message", TO_MESSAGE.values(), ids=TO_MESSAGE.keys())
def test_an_odd_answer_to_a_message_is_no_success_and_leaves_nothing(answering, image, to_message, wait_for):
    before = threading.active_count()
    with pytest.raises(PeerUnreachable):
        store_once(answering(None, to_message), [image], "TRIAGE", SECONDS)
    wait_for(lambda: threading.active_count() <= before + 1, "threads of the association to end", 5)
