"""Connections on their way to an association: what keeps them waiting, and how long they may."""

import contextlib
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable

from triage_node.dimse.arrival import FAREWELL_SECONDS, Arrival
from triage_node.dimse.connection import ConnectionEnded
from triage_node.dimse.negotiation import LOCAL_LIMIT_EXCEEDED, Rejection, refusal_of
from triage_node.dimse.pdu import ProtocolError, abort_pdu, reject_pdu
from triage_node.dimse.secure_arrival import HandshakeFailed
from triage_node.instrumentation import AssociationRefusal

# Connections without a whole request: who is here longest goes, first of the address that has most.
MOST_ARRIVALS = 128
# How long a whole request waits for a place: associations end all the time, and a rejected sender may not come again.
PATIENCE_SECONDS = 1.0

Admit = Callable[[Arrival], Rejection | None]
Note = Callable[[Arrival, str, AssociationRefusal], None]


class Reception:
    """Shake hands and read association requests, all in one thread, and admit who has sent one.

    Parameters
    ----------
    selector
        Where connections are waited for.
    request_seconds
        Time for a handshake and a request to come, whole (the ARTIM timer of PS3.8 Section 9.1.5).
    admit
        Takes the connection, or says by which rejection it cannot be served.
    note
        Is told who was refused, and why.
    """

    def __init__(self, selector: selectors.BaseSelector, request_seconds: float, admit: Admit, note: Note) -> None:
        self._selector = selector
        self._request_seconds = request_seconds
        self._admit = admit
        self._note = note
        self._arrivals: dict[Arrival, None] = {}
        self._waiting: dict[Arrival, float] = {}

    def welcome(self, arrival: Arrival) -> None:
        """Take a new connection."""
        self._watch(arrival)

    def send_away_one(self) -> bool:
        """Close the connection that is here longest of the address that has most of them."""
        if not self._arrivals:
            return False
        [(crowd, _)] = Counter(arrival.address for arrival in self._arrivals).most_common(1)
        self._forget(next(arrival for arrival in self._arrivals if arrival.address == crowd))
        return True

    def read(self, arrival: Arrival) -> None:
        """Take what a connection has sent; with a whole request it waits for its place."""
        if arrival not in self._arrivals:  # another one of the same turn has cost it its place
            return
        try:
            arrival.read()
        except ConnectionEnded:
            self._forget(arrival)
        except HandshakeFailed as error:
            self._note(arrival, f"The connection was closed: {error}.", AssociationRefusal.TLS)
            arrival.dismiss(b"")  # the alert of TLS has been sent
        except ProtocolError as error:
            self._note(arrival, f"The association was aborted: {error}.", AssociationRefusal.PROTOCOL)
            arrival.dismiss(abort_pdu(error.reason))
        except BaseException:  # whatever it was, it must not come back with every turn
            self._forget(arrival)
            raise
        if arrival not in self._arrivals:
            return
        if self._selector.get_key(arrival.socket).events != arrival.awaits:
            self._selector.modify(arrival.socket, arrival.awaits, arrival)
        if arrival.request is not None and not arrival.is_dismissed:
            self._selector.unregister(arrival.socket)
            del self._arrivals[arrival]
            self._waiting[arrival] = time.monotonic()

    def look(self) -> None:
        """Admit who can be, and end what took too long."""
        now = time.monotonic()
        patience = PATIENCE_SECONDS if len(self._waiting) <= MOST_ARRIVALS else 0.0
        for arrival, since in list(self._waiting.items()):
            try:
                rejection = self._admit(arrival)
            except BaseException:  # as above
                del self._waiting[arrival]
                _close(arrival.socket)
                raise
            if rejection is None:
                del self._waiting[arrival]
            elif rejection is not LOCAL_LIMIT_EXCEEDED or now - since >= patience:
                del self._waiting[arrival]
                self._reject(arrival, rejection)
        for arrival in list(self._arrivals):
            if now - arrival.since >= (FAREWELL_SECONDS if arrival.is_dismissed else self._request_seconds):
                self._forget(arrival)

    def close(self) -> None:
        """Close all connections."""
        for arrival in (*self._arrivals, *self._waiting):
            _close(arrival.socket)

    def _reject(self, arrival: Arrival, rejection: Rejection) -> None:
        why = "too many associations" if rejection is LOCAL_LIMIT_EXCEEDED else "no thread could be started"
        self._note(arrival, f"The association was rejected: {why}.", refusal_of(rejection))
        arrival.dismiss(reject_pdu(*rejection))
        self._watch(arrival)

    def _watch(self, arrival: Arrival) -> None:
        if len(self._arrivals) >= MOST_ARRIVALS:
            self.send_away_one()
        self._selector.register(arrival.socket, arrival.awaits, arrival)
        self._arrivals[arrival] = None

    def _forget(self, arrival: Arrival) -> None:
        del self._arrivals[arrival]
        self._selector.unregister(arrival.socket)
        _close(arrival.socket)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the peer may have been faster
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
