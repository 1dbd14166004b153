"""A connection to the TLS port: its handshake takes neither the thread of the others nor a place."""

import contextlib
import selectors
import socket
import ssl

from triage_node.dimse.arrival import Arrival
from triage_node.dimse.pdu import ConnectionEnded, PDUType
from triage_node.dimse.tls import reason_of


class HandshakeFailed(Exception):
    """Peer and node do not come to speak TLS; the text says why."""


class SecureArrival(Arrival):
    """A peer that has connected, first to shake hands.

    Parameters
    ----------
    connection
        The accepted connection; it is taken over.
    address
        Where it comes from.
    context
        Our certificate, and what is wanted of the peer's.
    """

    def __init__(self, connection: socket.socket, address: str, context: ssl.SSLContext) -> None:
        with contextlib.suppress(OSError):  # the peer may have gone already; reading will tell
            # A certificate chain longer than a buffer would wait for a delayed acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        self._secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        super().__init__(self._secured, address)
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
        if self.is_dismissed or self._is_established or self._shake_hands():
            super().read()

    def dismiss(self, pdu: bytes) -> None:
        """Send a last PDU, when there is a handshake behind it, and wait for the peer to close."""
        if self._is_established:
            with contextlib.suppress(OSError):
                self._secured.send(pdu)
                self._secured.unwrap()
        super().dismiss(b"")

    def _shake_hands(self) -> bool:
        """Go on as far as the peer has come; tell whether the handshake is done."""
        try:
            if self._begins_plain():
                raise HandshakeFailed("an association request without TLS came to the TLS port")
            self._secured.do_handshake()
        except (ssl.SSLWantReadError, BlockingIOError):
            self.awaits = selectors.EVENT_READ
            return False
        except ssl.SSLWantWriteError:
            self.awaits = selectors.EVENT_WRITE
            return False
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise ConnectionEnded from error
        except OSError as error:
            raise HandshakeFailed(reason_of(error)) from error
        self.awaits, self._is_established = selectors.EVENT_READ, True
        return True

    def _begins_plain(self) -> bool:
        """Tell, once, whether the peer begins with an association request."""
        if self._has_begun:
            return False
        first = socket.socket.recv(self._secured, 1, socket.MSG_PEEK)
        self._has_begun = True
        return first == bytes([PDUType.ASSOCIATE_RQ])
