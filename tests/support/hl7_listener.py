"""A receiver of HL7 v2 over MLLP on loopback, written apart from the sender; it answers what a test tells it to."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from hl7apy.core import Message
from hl7apy.parser import parse_message


def acknowledgment(message: str, code: str = "AA", error: str = "", control_id: str | None = None) -> bytes:
    """Return the answer to a message, in a frame."""
    header = message.split("\r")[0].split("|")
    ack = Message("ACK", version=header[11])
    ack.msh.msh_3, ack.msh.msh_9, ack.msh.msh_10, ack.msh.msh_11 = "RIS", "ACK^R01^ACK", "77", "P"
    ack.msa.msa_1, ack.msa.msa_2 = code, header[9] if control_id is None else control_id
    text = ack.to_er7() + (f"\rERR||PID^1^5|{error}^words of Ann Other|E" if error else "")
    return b"\x0b" + text.encode() + b"\r\x1c\r"


class Hl7Listener:
    """Take messages until it is stopped; ``messages`` are those that came, ``connections`` how many were opened."""

    def __init__(
        self,
        answer: Callable[[str], bytes] = acknowledgment,
        context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.answer = answer
        self.messages: list[str] = []
        self.connections = 0
        self._context = context
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'mllp' if self._context is None else 'mllps'}://127.0.0.1:{self.port}"

    def parsed(self) -> list[Message]:
        """Return the messages as hl7apy reads them, strictly."""
        return [parse_message(one, validation_level=1, find_groups=True) for one in self.messages]

    def cut(self) -> None:
        """Close what is open, as a receiver that is restarted does."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(plain, server_side=True)
            self.connections += 1
            self._open.add(connection)
            received = b""
            while piece := connection.recv(1 << 16):
                received += piece
                while b"\x1c\r" in received:
                    frame, _, received = received.partition(b"\x1c\r")
                    assert frame.startswith(b"\x0b"), frame
                    self.messages.append(frame[1:].decode())
                    connection.sendall(self.answer(self.messages[-1]))
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()
