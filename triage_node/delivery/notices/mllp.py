"""A receiver of HL7 v2 messages: the Minimal Lower Layer Protocol, with or without TLS (HL7 v2, Appendix C)."""

import contextlib
import socket
import ssl
import time
from urllib.parse import urlsplit

from triage_node.delivery.notices.acknowledgment import Acknowledgment
from triage_node.delivery.notices.deadline import DeadlineReader
from triage_node.delivery.notices.hl7 import control_id, observation_message
from triage_node.delivery.notices.notice import Notice
from triage_node.dimse import client_context, reason_of
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerRefused, PeerUnreachable, SettingsError, Trouble
from triage_node.user_agent import Caller

START, END = b"\x0b", b"\x1c\r"
LONGEST_ANSWER_BYTES = 1 << 16


class Mllp:
    """Send messages over one connection, each after the acknowledgment of the one before."""

    def __init__(self, destination: Destination, caller: Caller) -> None:
        self._destination = destination
        self._name = destination.name
        self._caller = caller
        self._connection: socket.socket | None = None

    def tell(self, notice: Notice) -> str:
        """Send a message; it is told when its receiver says that it has it."""
        identifier = control_id(notice)
        message = observation_message(notice, self._destination)
        answer = self._exchange(START + message + END)
        acknowledgment = Acknowledgment.read(answer)
        if acknowledgment is None:
            self.rest()
            raise PeerUnreachable(f"{self._name} answered something that is no acknowledgment of HL7 v2.")
        if acknowledgment.control_id != identifier:
            self.rest()
            raise PeerBusy(f"{self._name} acknowledged another message than {identifier}.")
        if acknowledgment.is_accepted:
            return f"ORU^R01 {identifier}, answered {acknowledgment.code}"
        words = " ".join(filter(None, (acknowledgment.code, acknowledgment.error)))
        if acknowledgment.is_final:
            raise PeerRefused(f"{self._name} answered {words}: it refuses the message.")
        raise PeerBusy(f"{self._name} answered {words}: it cannot take the message now.")

    def check(self) -> str:
        """Connect and say nothing."""
        start = time.monotonic()
        try:
            self._open()
        finally:
            self.rest()
        words = " over TLS" if self._destination.speaks_tls else ""
        return f"takes connections in {(time.monotonic() - start) * 1000:.0f} ms{words}"

    def rest(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, frame: bytes) -> bytes:
        """Send a frame and return the answer; over a new connection where the one before was let go meanwhile."""
        try:
            if self._connection is not None:
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    return self._exchange_once(self._connection, frame)
                self.rest()
            return self._exchange_once(self._open(), frame)
        except OSError as error:
            self.rest()
            raise PeerUnreachable(f"{self._name} does not answer: {error.strerror or error}.") from error

    def _exchange_once(self, connection: socket.socket, frame: bytes) -> bytes:
        connection.settimeout(self._caller.answer_seconds)
        connection.sendall(frame)
        answer = DeadlineReader(connection, self._caller.answer_seconds, LONGEST_ANSWER_BYTES).until(END)
        if not answer.endswith(END):
            raise ConnectionError("it closed the connection without an answer")
        return answer

    def _open(self) -> socket.socket:
        url = urlsplit(self._destination.url)
        assert url.hostname is not None  # the settings have checked it
        assert url.port is not None
        try:
            plain = socket.create_connection((url.hostname, url.port), self._caller.timeout_seconds)
        except OSError as error:
            words = f"{self._name} cannot be reached: {error.strerror or error}."
            raise PeerUnreachable(words, trouble=Trouble.NOT_REACHED) from error
        self._connection = self._secured(plain, url.hostname) if self._destination.speaks_tls else plain
        return self._connection

    def _secured(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        tls = self._destination.tls
        try:
            return client_context(tls).wrap_socket(plain, server_hostname=tls.server_name or host)
        except SettingsError as error:
            plain.close()
            raise PeerUnreachable(f"{self._name} cannot be called: {error}") from error
        except OSError as error:
            plain.close()
            words = f"{self._name} cannot be reached: {reason_of(error)}."
            raise PeerUnreachable(words, trouble=Trouble.NO_TLS) from error
