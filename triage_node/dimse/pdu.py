"""Protocol data units on a TCP connection (PS3.8 Section 9.3), read whole and bounded."""

import contextlib
import selectors
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from triage_node.dimse.pace import LEAST_BYTES_A_SECOND, Pace

MAXIMUM_PDU_BYTES = 131072
# The length field could announce 4 GiB. What we advertise bounds P-DATA-TF; an A-ASSOCIATE-RQ with 128 presentation
# contexts of many transfer syntaxes stays far below this, too.
LONGEST_PDU_BYTES = 1 << 20

# What a connection reads into until its message has ended: a CT image of 512 x 512 lies there whole, in its fragments.
BUFFER_BYTES = 768 << 10
READ_AWAY_BYTES = 1 << 16

HEADER = struct.Struct(">BxL")
ITEM_HEADER = struct.Struct(">LBB")


class PDUType(IntEnum):
    """PDU types of PS3.8 Section 9.3.1."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    DATA_TF = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


class AbortReason(IntEnum):
    """Reasons of a provider's A-ABORT (PS3.8 Table 9-26)."""

    NOT_SPECIFIED = 0x00
    UNRECOGNIZED_PDU = 0x01
    UNEXPECTED_PDU = 0x02
    INVALID_PARAMETER = 0x06


class ConnectionEnded(Exception):
    """The peer has closed the connection, or was silent for too long."""


class ProtocolError(Exception):
    """The peer does not keep to the protocol."""

    def __init__(self, message: str, reason: AbortReason = AbortReason.INVALID_PARAMETER) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class DataItem:
    """A presentation data value item (PS3.8 Section 9.3.5.1); the data is valid until its message has ended."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


class Connection:
    """A TCP connection that speaks PDUs.

    Parameters
    ----------
    idle_seconds
        A peer that sends nothing for so long has gone.

    Attributes
    ----------
    quiet_since
        When it was made, or last brought an instance (monotonic seconds), None while a message is under way.
    has_worked
        Whether it brought an instance at all.
    """

    def __init__(self, connection: socket.socket, idle_seconds: float) -> None:
        with contextlib.suppress(OSError):  # the peer may have gone already; reading will tell
            # Nagle's algorithm and a peer's delayed acknowledgement together cost 40 ms an image.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _wait_at_most(connection, idle_seconds)
        self._socket = connection
        self._buffer = bytearray(BUFFER_BYTES)
        self._start = self._end = 0
        self._pace = Pace()
        self._used_at = time.monotonic()
        self.quiet_since: float | None = self._used_at
        self.has_worked = False

    def read(self) -> tuple[PDUType, memoryview]:
        """Read one PDU and return its type and body; the body is valid until `message_ended`.

        Raises
        ------
        ConnectionEnded
            The peer has gone.
        ProtocolError
            It is no PDU, or one longer than the node takes, or it comes too slowly.
        """
        kind, length = pdu_header(self._receive(HEADER.size))
        return kind, self._receive(length)

    def message_ended(self, brought_instance: bool) -> None:
        """Say that a message has been answered; one that brought nothing, as an echo, does not count as use.

        Nobody looks at its bytes any more: the next one takes their place.
        """
        left = self._buffer[self._start : self._end]
        self._buffer[: len(left)] = left
        self._start, self._end = 0, len(left)
        if brought_instance:
            self._used_at = time.monotonic()
            self.has_worked = True
        self.quiet_since = self._used_at

    def is_dawdling(self, seconds: float) -> bool:
        """Tell whether a message is under way that has come too slowly for so long."""
        return self.quiet_since is None and self._pace.is_too_slow(seconds)

    def send(self, pdu: bytes) -> None:
        """Send an encoded PDU.

        Raises
        ------
        ConnectionEnded
            The peer has gone.
        """
        self._pace.wait()  # a peer that does not read what it asked for is waited for as well
        try:
            self._socket.sendall(pdu)
        except OSError as error:
            raise ConnectionEnded from error
        self._pace.goes_on(0)

    def is_silent_for(self, seconds: float) -> bool:
        """Wait for the peer to send something, or to end, and tell whether it did not for so long."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return False
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            return not selector.select(seconds)
        return False  # it was closed meanwhile; reading will tell

    def wait_for_end(self, within_seconds: float) -> None:
        """Say no more and read away what still comes until the peer closes (PS3.8 Section 9.2, Sta13).

        To close with bytes unread resets the connection, and what was sent last is lost with it.
        """
        deadline = time.monotonic() + within_seconds
        with contextlib.suppress(OSError):  # the peer may have been faster
            self._socket.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(READ_AWAY_BYTES):
                    return

    def give_up(self) -> None:
        """Abort the association from another thread, while none of its messages is under way."""
        with contextlib.suppress(OSError):
            # Under a timeout Python waits that long for a peer that reads nothing, also with MSG_DONTWAIT.
            self._socket.setblocking(False)
            self._socket.send(abort_pdu(AbortReason.NOT_SPECIFIED))
        self.close()

    def close(self) -> None:
        """Close the connection, also while another thread reads from it."""
        with contextlib.suppress(OSError):  # the peer may have been faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _receive(self, length: int) -> memoryview:
        """Return so many bytes; the header that follows them is taken with them when it is there.

        Each call of the system yields to the other threads, and what they do next has to be waited for.
        """
        if self._start + length + HEADER.size > len(self._buffer):
            self._begin_buffer(length + HEADER.size)
        wanted, view = self._start + length, memoryview(self._buffer)
        try:
            while self._end < wanted:
                self._pace.wait()
                count = self._socket.recv_into(view[self._end : wanted + HEADER.size])
                self._count(count)
                self._end += count
        except OSError as error:
            raise ConnectionEnded from error
        self._start = wanted
        return view[wanted - length : wanted]

    def _begin_buffer(self, least_bytes: int) -> None:
        """Go on in another buffer; what is left in this one stays valid for who still looks at it."""
        left = self._buffer[self._start : self._end]
        self._buffer = bytearray(max(BUFFER_BYTES, least_bytes))
        self._buffer[: len(left)] = left
        self._start, self._end = 0, len(left)

    def _count(self, count: int) -> None:
        if count == 0:
            raise ConnectionEnded
        if self.quiet_since is not None:
            self.quiet_since = None
            self._pace.begin()
        elif not self._pace.goes_on(count):
            raise ProtocolError(f"less than {LEAST_BYTES_A_SECOND} bytes a second")


def _wait_at_most(connection: socket.socket, seconds: float) -> None:
    """Let the system end what waits too long: with a timeout of its own Python makes two calls of one."""
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(seconds)
        return
    connection.setblocking(True)
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    with contextlib.suppress(OSError):  # the peer may have gone already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def pdu_header(encoded: bytes | bytearray | memoryview) -> tuple[PDUType, int]:
    """Return type and length of the PDU that begins with these six bytes (PS3.8 Section 9.3.1).

    Raises
    ------
    ProtocolError
        It is no PDU, or one longer than the node takes.
    """
    kind, length = HEADER.unpack(encoded)
    if kind not in PDUType.__members__.values():
        raise ProtocolError(f"unknown PDU type 0x{kind:02X}", AbortReason.UNRECOGNIZED_PDU)
    if length > LONGEST_PDU_BYTES:
        raise ProtocolError(f"a PDU of {length} bytes is announced")
    return PDUType(kind), length


def data_items(body: memoryview) -> Iterator[DataItem]:
    """Yield the presentation data value items of a P-DATA-TF PDU's body.

    Raises
    ------
    ProtocolError
        The lengths do not add up.
    """
    at = 0
    while at < len(body):
        if len(body) - at < ITEM_HEADER.size:
            raise ProtocolError("a data item is cut off")
        length, context_id, control = ITEM_HEADER.unpack_from(body, at)
        end = at + 4 + length
        if length < 2 or end > len(body):
            raise ProtocolError("a data item's length does not fit its PDU")
        yield DataItem(context_id, bool(control & 1), bool(control & 2), body[at + ITEM_HEADER.size : end])
        at = end


def data_pdus(context_id: int, content: bytes, longest: int = 0, *, is_command: bool = True) -> bytes:
    """Return a whole command or data set in as many P-DATA-TF PDUs as the peer's longest asks for; 0 sets no limit."""
    # With less than this there is no room for a byte of a fragment behind its header.
    size = longest - ITEM_HEADER.size if longest > ITEM_HEADER.size else len(content)
    pdus = []
    for start in range(0, len(content), size):
        fragment = content[start : start + size]
        control = int(is_command) | (0x02 if start + size >= len(content) else 0)
        item = ITEM_HEADER.pack(len(fragment) + 2, context_id, control) + fragment
        pdus.append(HEADER.pack(PDUType.DATA_TF, len(item)) + item)
    return b"".join(pdus)


def reject_pdu(result: int, source: int, reason: int) -> bytes:
    """Return an A-ASSOCIATE-RJ PDU (PS3.8 Table 9-21)."""
    return HEADER.pack(PDUType.ASSOCIATE_RJ, 4) + bytes((0, result, source, reason))


def abort_pdu(reason: AbortReason) -> bytes:
    """Return the A-ABORT PDU of a service provider (PS3.8 Table 9-26)."""
    return HEADER.pack(PDUType.ABORT, 4) + bytes((0, 0, 2, reason))


RELEASE_RESPONSE = HEADER.pack(PDUType.RELEASE_RP, 4) + bytes(4)
