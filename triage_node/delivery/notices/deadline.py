"""What a peer says over a socket, read up to an end and not longer than a time and a size allow."""

import socket
import time

READ_BYTES = 1 << 12


class DeadlineReader:
    """Read from a socket piece by piece; who sends a byte now and then gets no more time for it.

    Parameters
    ----------
    seconds
        How long each reading may take.
    longest_bytes
        How much each reading may give.
    """

    def __init__(self, connection: socket.socket, seconds: float, longest_bytes: int) -> None:
        self._connection = connection
        self._seconds = seconds
        self._longest_bytes = longest_bytes
        self._buffer = b""

    def until(self, end: bytes) -> bytes:
        """Return everything up to an end, and that; less when the peer closes before.

        Raises
        ------
        TimeoutError
            It takes too long.
        OSError
            The connection is broken, or what is sent too long.
        """
        deadline = time.monotonic() + self._seconds
        while end not in self._buffer:
            if len(self._buffer) > self._longest_bytes:
                raise OSError("its answer is too long")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("it does not answer in time")
            self._connection.settimeout(remaining)
            piece = self._connection.recv(READ_BYTES)
            if not piece:
                found, self._buffer = self._buffer, b""
                return found
            self._buffer += piece
        self._connection.settimeout(self._seconds)  # for what is sent next
        found, _, self._buffer = self._buffer.partition(end)
        return found + end
