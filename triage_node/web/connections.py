"""Connections of the web server: how many one address has, and how long and large the head of a request may be."""

from __future__ import annotations

import asyncio
import socket
from asyncio.events import TimerHandle
from ipaddress import ip_address, ip_network
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 500
"""Of all addresses together; uvicorn answers 503 to requests beyond."""


class BoundedConnection(HttpToolsProtocol):
    """A connection that is cut when its request does not begin, when its head never ends, or when there are too many.

    uvicorn itself waits for ever for a request that does not come, and keeps a head of any size in memory. A trusted
    proxy speaks for many people and may have any number of connections.
    """

    head_seconds = 15.0
    largest_head = 256 << 10
    most_of_one_address = 100

    _timer: TimerHandle | None = None
    _head_size = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, unless its address has too many."""
        super().connection_made(transport)
        # asyncio leaves this to Nagle's algorithm where the listening socket was made without naming its protocol; the
        # body of a small answer then waits for the acknowledgement of its head, 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._has_too_many():
            transport.abort()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read, and cut a head that is too long."""
        super().data_received(data)
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > self.largest_head:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin to wait for the end of a head."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Have the request answered."""
        self._stop_waiting()
        self._in_head = False
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._stop_waiting()
        self._in_head, self._head_size = True, 0
        self._timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _has_too_many(self) -> bool:
        address = self.client[0] if self.client else ""
        if self.config.proxy_headers and any(_covers(one, address) for one in self.config.forwarded_allow_ips or ()):
            return False
        others: set[Any] = self.connections
        return sum(1 for one in others if one.client and one.client[0] == address) > self.most_of_one_address


def _covers(trusted: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(trusted, strict=False)
    except ValueError:
        return trusted in ("*", address)
