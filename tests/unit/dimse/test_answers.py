"""Destinations that answer with more than an answer: the node hangs up instead of believing them."""

import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from c_store import store_once
from ct import head_ct
from pynetdicom.sop_class import CTImageStorage

from triage_node.dimse import echo
from triage_node.dimse.associate_request import Request
from triage_node.dimse.negotiation import accept
from triage_node.dimse.normalized.services import Services
from triage_node.dimse.pdu import HEADER, ITEM_HEADER, PDUType
from triage_node.endpoints import Peer
from triage_node.errors import PeerUnreachable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LONG = 0x7FFFFFFF
CHUNK = bytes(1 << 16)


def read_pdu(connection: socket.socket) -> tuple[int, bytes]:
    kind, length = HEADER.unpack(connection.recv(HEADER.size, socket.MSG_WAITALL))
    return kind, connection.recv(length, socket.MSG_WAITALL)


def flood(connection: socket.socket, head: bytes) -> None:
    connection.sendall(head)
    while True:
        connection.sendall(CHUNK)


def accept_association(connection: socket.socket) -> None:
    _, body = read_pdu(connection)
    connection.sendall(accept(Request.decode(body), Services())[0])


def huge_accept(connection: socket.socket) -> None:
    read_pdu(connection)
    flood(connection, HEADER.pack(PDUType.ASSOCIATE_AC, LONG))


def huge_response(connection: socket.socket) -> None:
    accept_association(connection)
    read_pdu(connection)
    flood(connection, HEADER.pack(PDUType.DATA_TF, LONG) + ITEM_HEADER.pack(LONG - 4, 1, 1))


def endless_fragments(connection: socket.socket) -> None:
    accept_association(connection)
    read_pdu(connection)
    while True:
        item = ITEM_HEADER.pack(len(CHUNK) + 2, 1, 1) + CHUNK
        connection.sendall(HEADER.pack(PDUType.DATA_TF, len(item)) + item)


def huge_abort(connection: socket.socket) -> None:
    accept_association(connection)
    read_pdu(connection)
    flood(connection, HEADER.pack(PDUType.ABORT, LONG))


@pytest.fixture
def peer() -> Iterator[Callable[[Callable[[socket.socket], None]], Peer]]:
    servers = []

    def start(behave: Callable[[socket.socket], None]) -> Peer:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            try:
                connection, _ = server.accept()
                with connection:
                    behave(connection)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        return Peer(ae_title="PEER", host="127.0.0.1", port=server.getsockname()[1])

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("behave", [huge_accept, huge_response, endless_fragments, huge_abort])
def test_an_answer_without_an_end_costs_no_memory(peer, behave):
    tracemalloc.start()
    try:
        with pytest.raises(PeerUnreachable):
            echo(peer(behave), "TRIAGE", 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def drops(connection: socket.socket) -> None:
    read_pdu(connection)
    connection.sendall(struct.pack(">BxL", PDUType.ASSOCIATE_AC, 1000))
    while True:
        connection.sendall(b"\0")
        time.sleep(0.1)


def test_an_answer_that_comes_drop_by_drop_is_not_waited_for(peer):
    before = threading.active_count()
    with pytest.raises(PeerUnreachable):
        echo(peer(drops), "TRIAGE", 0.5)
    assert threading.active_count() <= before + 1, "only the peer itself is left"


def reads_nothing(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    accept_association(connection)
    connection.recv(1 << 30, socket.MSG_PEEK)
    threading.Event().wait()


def test_a_peer_that_takes_the_association_and_reads_nothing_does_not_hold_us(peer):
    [ds] = head_ct(slices=1, size=(2048, 2048))
    assert ds.SOPClassUID == CTImageStorage
    with pytest.raises(PeerUnreachable):
        store_once(peer(reads_nothing), [ds], "TRIAGE", 0.5)
