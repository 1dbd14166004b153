"""A TLS connection that never decrypts more at once than was read of it.

OpenSSL on a socket goes on reading until there is a byte for us. A peer that sends nothing but renewals of its keys
(RFC 8446 4.6.3), which cost it little, keeps who reads from such a socket as long as it likes, whatever the timeout.
"""

import socket
import ssl
import time

READ_BYTES = 1 << 16


class TlsStream:
    """The server's side of a TLS connection, with as much of a socket's methods as an association needs.

    Parameters
    ----------
    connection
        The accepted connection; blocking or not, and its timeout, hold for what is read and sent here.
    context
        Our certificate, and what is wanted of the peer's.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._encrypted = memoryview(bytearray(READ_BYTES))
        self._unsent = bytearray()

    def feed(self, most: int = READ_BYTES) -> bool:
        """Read once what the peer has sent, up to so many bytes; tell whether it has sent anything before its end."""
        count = self._socket.recv_into(self._encrypted[:most])
        self._incoming.write(self._encrypted[:count])
        return count > 0

    def shake_hands(self) -> None:
        """Go on with the handshake as far as was read.

        Raises
        ------
        ssl.SSLWantReadError
            It takes more.
        ssl.SSLError
            It fails.
        """
        self._tls.do_handshake()

    def decrypted(self, most: int) -> bytes:
        """Return up to so many bytes of what was read, none after the peer's end.

        Raises
        ------
        ssl.SSLWantReadError
            There are none in it.
        """
        return self._tls.read(most)

    def flush(self) -> bool:
        """Send what is encrypted; tell whether all of it has gone, which without blocking it need not."""
        self._unsent += self._outgoing.read()
        while self._unsent:
            try:
                del self._unsent[: self._socket.send(self._unsent)]
            except BlockingIOError:
                return False
        return True

    def write(self, content: bytes) -> None:
        """Encrypt something to be sent."""
        rest = memoryview(content)
        while rest:
            rest = rest[self._tls.write(rest) :]

    def say_farewell(self) -> None:
        """Say, in the next flush, that nothing more comes; the peer's own farewell is not waited for."""
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            return

    def has_unread(self) -> bool:
        """Tell whether something was read, decrypted or not, that nobody has taken yet."""
        return bool(self._tls.pending() or self._incoming.pending)

    def fileno(self) -> int:
        """Return the descriptor, to wait for what the peer sends."""
        return self._socket.fileno()

    def recv_into(self, view: bytearray | memoryview) -> int:
        """Read into a buffer and return how many bytes came, 0 at the end.

        Raises
        ------
        TimeoutError
            None came in time, whatever else the peer has sent.
        """
        began = time.monotonic()
        while True:
            try:
                return int(self._tls.read(len(view), view))  # a count, whatever the stubs say
            except ssl.SSLWantReadError:
                self.flush()
            if time.monotonic() - began > (self._socket.gettimeout() or float("inf")):
                raise TimeoutError("nothing but TLS's own messages came")
            if not self.feed():
                return 0

    def recv(self, most: int) -> bytes:
        """Return up to so many bytes, none at the end.

        Raises
        ------
        TimeoutError
            As above.
        """
        content = bytearray(most)
        return bytes(content[: self.recv_into(content)])

    def sendall(self, content: bytes) -> None:
        """Send all of something."""
        self.write(content)
        self.flush()

    def settimeout(self, seconds: float) -> None:
        """Set how long reading and sending may wait."""
        self._socket.settimeout(seconds)

    def setblocking(self, is_blocking: bool) -> None:
        """Set whether reading and sending wait at all."""
        self._socket.setblocking(is_blocking)

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Set an option of the connection."""
        self._socket.setsockopt(level, option, value)

    def shutdown(self, how: int) -> None:
        """Shut the connection down, also while another thread reads from it."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
