"""A TCP connection that speaks protocol data units, read whole and bounded in size and time."""

import contextlib
import selectors
import socket
import struct
import time

from triage_node.dimse.pace import LEAST_BYTES_A_SECOND, Pace
from triage_node.dimse.pdu import HEADER, AbortReason, PDUType, ProtocolError, abort_pdu, pdu_header
from triage_node.dimse.tls import TlsStream

# What a connection reads into until its message has ended: a CT image of 512 x 512 lies there whole, in its fragments.
BUFFER_BYTES = 768 << 10
READ_AWAY_BYTES = 1 << 16


class ConnectionEnded(Exception):
    """The peer has closed the connection, or was silent for too long."""


class Connection:
    """A connection that speaks PDUs, over TCP or over TLS.

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

    def __init__(self, connection: socket.socket | TlsStream, idle_seconds: float) -> None:
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
        if self._end > self._start or (isinstance(self._socket, TlsStream) and self._socket.has_unread()):
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
        """Abort the association from another thread, while none of its messages is under way.

        Over TLS the connection just ends: its state belongs to the thread that reads from it.
        """
        if not isinstance(self._socket, TlsStream):
            with contextlib.suppress(OSError):
                # Under a timeout Python waits that long for a peer that reads nothing, also with MSG_DONTWAIT.
                self._socket.setblocking(False)
                self._socket.send(abort_pdu(AbortReason.NOT_SPECIFIED))
        self.end()

    def end(self) -> None:
        """End the connection from another thread; the one that reads from it closes it."""
        with contextlib.suppress(OSError):  # the peer may have been faster
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, when nobody reads from it any more."""
        self.end()
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


def _wait_at_most(connection: socket.socket | TlsStream, seconds: float) -> None:
    """Let the system end what waits too long: with a timeout of its own Python makes two calls of one."""
    if isinstance(connection, TlsStream):
        connection.settimeout(seconds)
        return
    connection.setblocking(True)
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    with contextlib.suppress(OSError):  # the peer may have gone already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
