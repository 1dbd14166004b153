"""A connection to the TLS port: its handshake takes neither the thread of the others nor a place."""

import contextlib
import selectors
import socket
import ssl

from triage_node.dimse.arrival import Arrival
from triage_node.dimse.connection import ConnectionEnded
from triage_node.dimse.pdu import PDUType
from triage_node.dimse.tls import TlsStream, reason_of

# Read in one turn, and decrypted: what it may hold of renewed keys takes 3 ms, as long as a handshake.
TURN_BYTES = 1 << 12


class HandshakeFailed(Exception):
    """Peer and node do not come to speak TLS; the text says why."""


class SecureArrival(Arrival):
    """A peer that has connected, first to shake hands.

    Parameters
    ----------
    connection
        The accepted connection.
    address
        Where it comes from.
    context
        Our certificate, and what is wanted of the peer's.
    """

    def __init__(self, connection: socket.socket, address: str, context: ssl.SSLContext) -> None:
        super().__init__(connection, address)
        with contextlib.suppress(OSError):  # the peer may have gone already; reading will tell
            # A certificate chain longer than a buffer would wait for a delayed acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = self._stream = TlsStream(connection, context)
        self._has_begun = self._is_established = False

    def read(self) -> None:
        """Take what has come, of the handshake or of the request.

        Raises
        ------
        HandshakeFailed
            TLS is not what comes, or the peer's certificate is none that we accept.
        ConnectionEnded, ProtocolError
            As of a plain one.
        """
        if self.is_dismissed:
            super().read()
            return
        try:
            if self._stream.flush() and self._feed() and (self._is_established or self._shake_hands()):
                super().read()
            self.awaits = selectors.EVENT_READ if self._stream.flush() else selectors.EVENT_WRITE
        except ConnectionError as error:
            raise ConnectionEnded from error

    def dismiss(self, pdu: bytes) -> None:
        """Send a last PDU, or the alert with which a handshake failed, and wait for the peer to close."""
        with contextlib.suppress(OSError):
            if self._is_established:
                self._stream.write(pdu)
                self._stream.say_farewell()
            self._stream.flush()
        super().dismiss(b"")

    def _feed(self) -> bool:
        """Read once; tell whether something came."""
        try:
            if not self._has_begun and self._first_byte() == bytes([PDUType.ASSOCIATE_RQ]):
                raise HandshakeFailed("an association request without TLS came to the TLS port")
            self._has_begun = True
            if not self._stream.feed(TURN_BYTES):
                raise ConnectionEnded
        except BlockingIOError:
            return False
        return True

    def _first_byte(self) -> bytes:
        return self.socket.recv(1, socket.MSG_PEEK)

    def _shake_hands(self) -> bool:
        """Go on as far as the peer has come; tell whether the handshake is done."""
        try:
            self._stream.shake_hands()
        except ssl.SSLWantReadError:
            return False
        except OSError as error:
            raise HandshakeFailed(reason_of(error)) from error
        self._is_established = True
        return True

    def _receive(self, length: int) -> bytes:
        if self.is_dismissed:
            return super()._receive(length)
        try:
            part = self._stream.decrypted(length)
        except ssl.SSLWantReadError:
            return b""
        except OSError as error:
            raise ConnectionEnded from error
        if not part:
            raise ConnectionEnded
        return part
