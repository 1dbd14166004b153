"""A connection until its association request is whole: without a thread, so that it takes nobody's place."""

import contextlib
import selectors
import socket
import time

from triage_node.dimse.associate_request import Request
from triage_node.dimse.connection import ConnectionEnded
from triage_node.dimse.pdu import HEADER, AbortReason, PDUType, ProtocolError, pdu_header
from triage_node.dimse.tls import TlsStream

READ_BYTES = 1 << 14
# What the first PDU of a peer that speaks TLS seems to be: a record of the type handshake (RFC 8446 5.1).
TLS_HANDSHAKE = 0x16
# How long a peer may take to close after it was told that it is not served.
FAREWELL_SECONDS = 1.0


class Arrival:
    """A peer that has connected.

    Parameters
    ----------
    connection
        The accepted connection.
    address
        Where it comes from.

    Attributes
    ----------
    socket
        The connection itself.
    connection
        What the association is spoken over: the connection, or TLS on it.
    since
        When it came, or was told that it is not served (monotonic seconds).
    awaits
        What of its connection is waited for (an event of ``selectors``).
    request
        The body of its A-ASSOCIATE-RQ PDU, None until that is whole.
    is_dismissed
        It was told that it is not served, and has to close.
    """

    def __init__(self, connection: socket.socket, address: str) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.connection: socket.socket | TlsStream = connection
        self.address = address
        self.since = time.monotonic()
        self.awaits = selectors.EVENT_READ
        self.request: bytes | None = None
        self.is_dismissed = False
        self._content = bytearray()

    def read(self) -> None:
        """Take what has come; never more than the request, as what follows is for the association.

        Raises
        ------
        ConnectionEnded
            The peer has gone.
        ProtocolError
            What has come is no association request.
        """
        if self.is_dismissed:
            self._receive(READ_BYTES)
            return
        # To the end: what TLS has read wakes no selector.
        while self.request is None and (part := self._receive(self._missing())):
            self._content += part
            if len(self._content) >= HEADER.size and not self._missing():
                self.request = bytes(self._content[HEADER.size :])

    def dismiss(self, pdu: bytes) -> None:
        """Send a last PDU and wait for the peer to close: closing with bytes unread would take the PDU with it."""
        with contextlib.suppress(OSError):
            if pdu:
                self.socket.send(pdu)
            self.socket.shutdown(socket.SHUT_WR)
        self.is_dismissed, self.since, self._content = True, time.monotonic(), bytearray()
        self.awaits = selectors.EVENT_READ

    def calling_ae_title(self) -> str:
        """Return who it says it is, empty when it did not get so far."""
        try:
            return Request.decode(self.request or b"").calling_ae_title
        except ProtocolError:
            return ""

    def _receive(self, length: int) -> bytes:
        """Return up to so many bytes, none when no more are here yet."""
        try:
            part = self.socket.recv(length)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise ConnectionEnded from error
        if not part:
            raise ConnectionEnded
        return part

    def _missing(self) -> int:
        """Return how many bytes are to be read next, 0 when the request is whole."""
        if len(self._content) < HEADER.size:
            return HEADER.size - len(self._content)
        if self._content[0] == TLS_HANDSHAKE:
            raise ProtocolError("a TLS handshake came to the port without TLS", AbortReason.UNRECOGNIZED_PDU)
        kind, length = pdu_header(self._content[: HEADER.size])
        if kind is not PDUType.ASSOCIATE_RQ:
            raise ProtocolError("the first PDU is no association request", AbortReason.UNEXPECTED_PDU)
        return min(READ_BYTES, HEADER.size + length - len(self._content))
