"""Send messages to a syslog server: RFC 5424 over UDP (RFC 5426) or TLS (RFC 5425)."""

import os
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from triage_node.errors import SettingsError

PRIORITY = 10 * 8 + 5
"""Facility 10, security and authorization messages; severity 5, notice."""
MESSAGE_ID = "DICOM+RFC3881"
"""PS3.15 A.6 and A.7: the MSGID of a DICOM audit message."""
PORTS = {"udp": 514, "tls": 6514}


class Syslog:
    """One server; a TLS connection is kept, and made anew once when it broke.

    Parameters
    ----------
    address
        ``udp://HOST:PORT`` or ``tls://HOST:PORT``.
    authority
        PEM file of the authority that signed the server's certificate; by default those of the system.
    timeout_seconds
        A server that does not answer in this time is down.

    Raises
    ------
    SettingsError
        The address has another form, or the authority's file cannot be used.
    """

    def __init__(self, address: str, authority: Path | None, timeout_seconds: float) -> None:
        services = urlsplit(address)
        if services.scheme not in PORTS or services.hostname is None:
            raise SettingsError(f"audit_syslog: {address!r} is not of the form udp://HOST:PORT or tls://HOST:PORT.")
        self._scheme, self._host = services.scheme, services.hostname
        self._port = services.port or PORTS[services.scheme]
        self._timeout_seconds = timeout_seconds
        self._connection: socket.socket | None = None
        try:
            self._context = ssl.create_default_context(cafile=authority)
        except OSError as error:
            raise SettingsError(f"audit_syslog_ca cannot be used: {error}.") from error

    def send(self, message: bytes, at: float) -> None:
        """Send one message.

        Raises
        ------
        OSError
            The server cannot be reached.
        """
        line = framed(message, at)
        if self._scheme == "udp":
            family = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0][0]
            with socket.socket(family, socket.SOCK_DGRAM) as sender:
                sender.sendto(line, (self._host, self._port))
            return
        counted = b"%d %s" % (len(line), line)
        try:
            self._connected().sendall(counted)
        except OSError:
            self.close()
            self._connected().sendall(counted)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> socket.socket:
        if self._connection is None:
            plain = socket.create_connection((self._host, self._port), self._timeout_seconds)
            try:
                self._connection = self._context.wrap_socket(plain, server_hostname=self._host)
            except OSError:
                plain.close()
                raise
        return self._connection


def framed(message: bytes, at: float) -> bytes:
    """Put the header of RFC 5424, 6 before a message in UTF-8."""
    time = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    header = f"<{PRIORITY}>1 {time} {socket.gethostname()} triage-node {os.getpid()} {MESSAGE_ID} - "
    return header.encode("ascii", "replace") + b"\xef\xbb\xbf" + message
