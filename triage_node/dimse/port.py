"""A port that is listened on, in plain or over TLS."""

import socket

from triage_node.allowed_peers import address_of
from triage_node.dimse.arrival import Arrival
from triage_node.dimse.secure_arrival import SecureArrival
from triage_node.dimse.tls import ServerCertificate
from triage_node.errors import AddressUnavailable

# A connection that finds the queue full tries again a second later: a flood of one address must not cost another that.
BACKLOG = 1024
ALL_ADDRESSES = "::"
"""Also those of IPv4, where the system can: an intake that only half of the scanners reach is none."""


class Port:
    """One port.

    Parameters
    ----------
    host
        Address to listen on.
    number
        Its number; 0 takes a free one.
    certificate
        What is shown on it, None for a plain one.
    """

    def __init__(self, host: str, number: int, certificate: ServerCertificate | None = None) -> None:
        self._host = host
        self._number = number
        self._certificate = certificate
        self._socket: socket.socket | None = None

    @property
    def listening(self) -> socket.socket:
        """What is listened with, once it is open."""
        assert self._socket is not None
        return self._socket

    @property
    def number(self) -> int:
        """The number, also when a free one was asked for."""
        return int(self.listening.getsockname()[1])

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken on it."""
        return self._certificate is not None

    def open(self) -> None:
        """Listen.

        Raises
        ------
        AddressUnavailable
            The address cannot be bound.
        """
        try:
            self._socket = listening_socket(self._host, self._number)
        except OSError as error:
            raise AddressUnavailable(f"Cannot listen on {self._host}:{self._number}: {error.strerror}.") from error
        self._socket.setblocking(False)

    def accept(self) -> tuple[socket.socket, str]:
        """Take a connection and return it with the address it comes from; an IPv4-mapped one is that of IPv4.

        Raises
        ------
        OSError
            There is none, or no means for it.
        """
        connection, address = self.listening.accept()
        return connection, str(address_of(str(address[0])))

    def arrival(self, connection: socket.socket, address: str) -> Arrival:
        """Return a connection on its way to an association.

        Raises
        ------
        OSError
            The peer has gone.
        """
        if self._certificate is None:
            return Arrival(connection, address)
        return SecureArrival(connection, address, self._certificate.context)

    def close(self) -> None:
        """Listen no longer."""
        if self._socket is not None:
            self._socket.close()


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    OSError
        The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    takes_both = host == ALL_ADDRESSES and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=takes_both)
