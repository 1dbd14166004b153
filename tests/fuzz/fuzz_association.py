"""What a sender may say, PDU by PDU, to the upper layer, DIMSE service and ingest: a status, an abort or an end."""

import atexit
import contextlib
import logging
import shutil
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from ct import head_ct
from upper_layer import (
    CT,
    EXPLICIT,
    RELEASE,
    VERIFICATION,
    VERIFIED,
    associate_request,
    command,
    context,
    data,
    data_set_of,
)

from triage_node.config import read_settings
from triage_node.dimse.admission import Admission
from triage_node.dimse.arrival import Arrival
from triage_node.dimse.association import Association
from triage_node.dimse.command_set import Operation
from triage_node.dimse.connection import Connection, ConnectionEnded
from triage_node.dimse.normalized.services import Services
from triage_node.dimse.pdu import HEADER, PDUType, ProtocolError
from triage_node.ingest import Indexer, Ingest
from triage_node.instrumentation import Instruments
from triage_node.storage import Spool
from triage_node.worklist import Worklist

REQUEST = associate_request(VERIFIED + context(3, CT, EXPLICIT))
MOST_PDUS = 64
LARGEST_BYTES = 1 << 16
RECORD = struct.Struct("<BH")


def check(content: bytes) -> None:
    """Speak to an association; raises AssertionError when it failed in a way that has no name, or left a file."""
    intake = _intake()
    ours, theirs = socket.socketpair()
    with ours, theirs, _failures() as failures:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LARGEST_BYTES)
        ours.settimeout(5)
        with contextlib.suppress(OSError):
            ours.sendall(spoken(content))
        ours.shutdown(socket.SHUT_WR)
        request = _arrive(theirs)
        if request is not None:
            theirs.setblocking(True)
            admission, services = Admission(read_settings(data_dir=_folder())), Services(())
            Association(
                Connection(theirs, 2.0), "127.0.0.1", intake, admission, 1 << 20, services, Instruments()
            ).serve(request)
        theirs.close()
        _check_answers(ours)
    assert not failures, failures
    assert not list(_folder().rglob("draft.*")), "a draft was left"


def spoken(content: bytes) -> bytes:
    """Return PDUs of records of a kind, a length and a value; the kind's low bits say what is made of the value.

    A first byte with its high bit set begins without the usual association request.
    """
    said = [] if content[:1] >= b"\x80" else [REQUEST]
    at = 1
    while at + RECORD.size <= len(content) and len(said) < MOST_PDUS:
        kind, length = RECORD.unpack_from(content, at)
        value = content[at + RECORD.size : at + RECORD.size + length]
        at += RECORD.size + length
        said.append(MAKERS[kind % len(MAKERS)](value, kind // len(MAKERS)))
    return b"".join(said)[:LARGEST_BYTES]


def record(kind: int, value: bytes, high: int = 0) -> bytes:
    """Return a record; the other direction of `spoken`."""
    return RECORD.pack(kind + len(MAKERS) * high, len(value)) + value


def _elements(value: bytes, _: int) -> bytes:
    """A whole command set of one-byte elements, lengths and values."""
    made, at = b"", 0
    while at + 2 <= len(value):
        element = ELEMENTS[value[at] % len(ELEMENTS)]
        one = value[at + 2 : at + 2 + value[at + 1]]
        made += struct.pack("<HHL", 0, element, len(one)) + one
        at += 2 + len(one)
    return data(3, made, is_command=True)


ELEMENTS = (0x0000, 0x0002, 0x0100, 0x0110, 0x0120, 0x0700, 0x0800, 0x0900, 0x1000, 0x1030)
MAKERS: tuple[Callable[[bytes, int], bytes], ...] = (
    lambda value, _: value,
    lambda value, high: data(1 if high & 1 else 3, value, is_command=True, is_last=not high & 2),
    lambda value, high: data(1 if high & 1 else 3, value, is_last=not high & 2),
    lambda value, high: HEADER.pack(high % 9, len(value)) + value,
    lambda value, _: associate_request(value),
    lambda value, _: associate_request(user=value),
    _elements,
    lambda value, high: data(3, command(Operation.C_STORE, CT, value[:200] or None, bool(high & 1)), is_command=True),
)


def seeds() -> Iterator[bytes]:
    """Yield conversations to begin with."""
    [ds] = head_ct(slices=1, size=(8, 8))
    uid, data_set = data_set_of(ds)
    echo = command(Operation.C_ECHO, VERIFICATION, has_data_set=False)
    yield b"\0" + record(1, echo, 1) + record(0, RELEASE)
    yield b"\0" + record(7, uid, 1) + record(2, data_set) + record(0, RELEASE)
    yield b"\0" + record(7, uid, 1) + record(2, data_set[:100], 2) + record(2, data_set[100:]) + record(1, echo, 1)
    yield b"\0" + record(6, b"\x01\x19" + CT + b"\x02\x02\x01\0\x03\x02\x07\0\x06\x02\0\0\x08\x05" + b"1.2.3")
    yield b"\x80" + record(0, REQUEST) + record(3, bytes(4), PDUType.ABORT)
    yield b"\x80" + record(4, VERIFIED + context(3, CT, EXPLICIT)) + record(5, b"\x52\0\0\x051.2.3")


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextlib.contextmanager
def _failures() -> Iterator[list[str]]:
    """Gather what the broad borders of the node caught: none of it may happen."""
    handler, logger = _Errors(), logging.getLogger("triage_node")
    logger.addHandler(handler)
    try:
        yield handler.messages
    finally:
        logger.removeHandler(handler)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _intake() -> Ingest:
    settings = read_settings(data_dir=_folder(), disk_reserve_mb=1)
    spool, worklist = Spool(_folder() / "spool"), Worklist(settings)
    worklist.prepare()
    indexer = Indexer(spool, worklist)
    indexer.start()
    atexit.register(worklist.close)
    atexit.register(indexer.stop)
    return Ingest(spool, worklist, indexer, 1 << 20)


def _arrive(connection: socket.socket) -> bytes | None:
    arrival = Arrival(connection, "127.0.0.1")
    try:
        while arrival.request is None:
            arrival.read()
    except (ConnectionEnded, ProtocolError):
        return None
    return arrival.request


def _check_answers(connection: socket.socket) -> None:
    """What the node said are whole PDUs of the kinds an acceptor sends (PS3.8 9.3.1)."""
    answered = b""
    with contextlib.suppress(OSError):
        while part := connection.recv(1 << 16):
            answered += part
    at = 0
    while at < len(answered):
        kind, length = HEADER.unpack_from(answered, at)
        assert kind in ANSWERS, kind
        at += HEADER.size + length
    assert at == len(answered), "a PDU was cut off"


ANSWERS = (PDUType.ASSOCIATE_AC, PDUType.ASSOCIATE_RJ, PDUType.DATA_TF, PDUType.RELEASE_RP, PDUType.ABORT)
