"""What a peer that was called may answer: so much, in so much time; pynetdicom believes any length."""

import logging
import socket
import time
from collections.abc import Callable
from functools import partial

from pynetdicom import evt
from pynetdicom.transport import AssociationSocket

from triage_node.logs import origin

log = logging.getLogger(__name__)

# An A-ASSOCIATE-AC of 128 contexts has some 5 kB, a response some 200 bytes.
LONGEST_ANSWER_BYTES = 1 << 20


class BoundedAnswers:
    """Reads for pynetdicom what a peer answers to one request, and hangs up on a peer that says or takes too much.

    Parameters
    ----------
    seconds
        Time for a PDU to come, once it has begun.
    longest_bytes
        What may come between two messages of ours.
    """

    def __init__(self, seconds: float, longest_bytes: int = LONGEST_ANSWER_BYTES) -> None:
        self._seconds = seconds
        self._longest_bytes = longest_bytes
        self._left = longest_bytes

    @property
    def handlers(self) -> list[tuple[evt.EventType, Callable[[evt.Event], None]]]:
        """What pynetdicom has to be told to do."""
        return [(evt.EVT_CONN_OPEN, self._opened), (evt.EVT_DIMSE_SENT, self._asked)]

    def _opened(self, event: evt.Event) -> None:
        connection = event.assoc.dul.socket
        if connection is None or connection.socket is None:
            return
        # Nagle's algorithm and the peer's delayed acknowledgement together cost 40 ms an instance.
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # pynetdicom takes the limit away from an open connection; a peer that reads nothing would hold it for ever.
        connection.socket.settimeout(self._seconds)
        connection.recv = lambda count: self._receive(connection, count)
        machine = event.assoc.dul.state_machine
        machine.do_action = partial(_act, machine.do_action, connection)

    def _asked(self, _event: evt.Event) -> None:
        self._left = self._longest_bytes

    def _receive(self, connection: AssociationSocket, count: int) -> bytearray:
        """Read so many bytes, or fewer when the peer closes; stands in for `AssociationSocket.recv`."""
        self._left -= count
        deadline = time.monotonic() + self._seconds
        received = bytearray()
        while len(received) < count:
            if self._left < 0 or time.monotonic() > deadline or connection.socket is None:
                connection.close()
                raise OSError("the peer's answer is too long or too slow")
            part = connection.socket.recv(min(count - len(received), 1 << 16))
            if not part:
                break
            received += part
        return received


def _act(do_action: Callable[[str], None], connection: AssociationSocket, event: str) -> None:
    """Take a step of pynetdicom's state machine; what a peer said and it cannot take would end the thread it runs in.

    The socket would stay open, and whoever waits for an answer would wait for all the time there is.
    """
    try:
        do_action(event)
    except Exception as error:  # the border to a peer's bytes: decoded in the step, they raise anything
        log.warning("answer_not_understood error=%s", origin(error))
        connection.close()
