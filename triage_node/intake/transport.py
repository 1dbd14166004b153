"""The listener's side of a TCP connection: bounded, and read a whole PDU at a time."""

import socket
from typing import Self

from pynetdicom.transport import AssociationSocket

# PS3.8 9.3.1: the length field of a PDU could announce 4 GiB. What we advertise as our maximum bounds P-DATA-TF; an
# A-ASSOCIATE-RQ with 128 presentation contexts of many transfer syntaxes stays far below this, too.
LONGEST_PDU_BYTES = 1 << 20


class BoundedSocket(AssociationSocket):
    """A connection on which a peer can neither announce nor send more than the node will hold in memory.

    The library reads 4 KiB at a time, which costs as much as all its other work on an image; here the announced length
    is read into one buffer.
    """

    maximum_message_bytes: int
    _received_bytes: int

    @classmethod
    def adopt(cls, original: AssociationSocket, maximum_message_bytes: int) -> Self:
        """Take over a connection the library has made.

        Parameters
        ----------
        maximum_message_bytes
            The most a peer may send before it waits for an answer.
        """
        adopted = cls.__new__(cls)
        adopted.__dict__.update(original.__dict__)
        adopted.maximum_message_bytes = maximum_message_bytes
        adopted._received_bytes = 0
        if adopted.socket is not None:
            # Nagle's algorithm and a peer's delayed acknowledgement together cost 40 ms an image.
            adopted.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return adopted

    def recv(self, nr_bytes: int) -> bytearray:
        """Read that many bytes; fewer when the peer closes.

        Raises
        ------
        OSError
            The peer goes beyond the limits; the library then drops the connection.
        """
        self._received_bytes += nr_bytes
        if nr_bytes > LONGEST_PDU_BYTES or self._received_bytes > self.maximum_message_bytes:
            raise OSError("the peer sends more than the node takes")
        buffer = bytearray(nr_bytes)
        view, got = memoryview(buffer), 0
        while got < nr_bytes and self.socket is not None:
            count = self.socket.recv_into(view[got:])
            if not count:
                break
            got += count
        return buffer if got == nr_bytes else buffer[:got]

    def send(self, bytestream: bytes) -> None:
        """Send; every answer starts a new message of the peer."""
        self._received_bytes = 0
        super().send(bytestream)
