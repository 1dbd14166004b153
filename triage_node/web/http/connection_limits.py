"""Connections of the web server: how many there are of whom, and how long and large services of a request may be.

A connection is a stranger's until a request on it was signed in (`know`). Where it is crowded the oldest stranger gives
way: who only holds a place loses it, who asks and goes does not notice.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.events import TimerHandle
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from triage_node.identity import network_of

MOST_CONNECTIONS = 500
"""Of all addresses together; uvicorn answers 503 to requests beyond."""
LONG_BODIES = "/dicomweb/"
"""Routes below take bodies of any length from those who may store, and bound their time themselves."""
KNOW = "triage_node.know"


def know(scope: Mapping[str, Any]) -> None:
    """Note that a request is signed in: its connection is no stranger's any more."""
    found = scope.get(KNOW)
    if found is not None:
        found()


class BoundedConnection(HttpToolsProtocol):
    """A connection that is cut when a part of its request does not come, or when there are too many.

    uvicorn itself waits for ever for a request that does not come, for the rest of a body, and for what is left of one
    that was refused; it keeps a head of any size in memory. A trusted proxy speaks for many people and may have any
    number of connections.
    """

    head_seconds = 15.0
    body_seconds = 30.0
    refused_body_seconds = 5.0
    largest_head = 256 << 10
    most_of_one_address = 100
    most_strangers = 300
    stranger_seconds = 5.0

    is_known = False

    _timer: TimerHandle | None = None
    _head_size = 0
    _in_head = True
    _in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, unless its address has too many."""
        super().connection_made(transport)
        self.began_at = self.loop.time()
        # asyncio leaves this to Nagle's algorithm where the listening socket was made without naming its protocol; the
        # body of a small answer then waits for the acknowledgement of its head, 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_known = self._is_of_proxy()
        if self.is_known or self._has_room():
            self._await_head()
        else:
            transport.abort()

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
        self.scope[KNOW] = self._become_known  # type: ignore[literal-required]
        self._await_head()

    def on_headers_complete(self) -> None:
        """Have the request answered."""
        self._in_head, self._in_body = False, True
        super().on_headers_complete()
        if self.scope["path"].startswith(LONG_BODIES):
            self._stop_waiting()
        else:
            self._wait(self.body_seconds)

    def on_message_complete(self) -> None:
        """Have the whole request."""
        self._stop_waiting()
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Have answered, perhaps a request whose body is still coming."""
        if self._in_body:
            self._wait(self.refused_body_seconds)
        super().on_response_complete()

    def _await_head(self) -> None:
        self._in_head, self._head_size = True, 0
        self._wait(self.head_seconds)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _become_known(self) -> None:
        self.is_known = True

    def _has_room(self) -> bool:
        """Tell whether there is a place for this connection, after taking one from an old stranger if need be."""
        connections = cast("set[BoundedConnection]", self.connections)
        alive = [one for one in connections if not one.transport.is_closing()]
        strangers = sorted((one for one in alive if not one.is_known), key=lambda one: one.began_at)
        if len(strangers) > self.most_strangers:
            strangers[0].transport.abort()
        if sum(one._address == self._address for one in alive) <= self.most_of_one_address:
            return True
        oldest = next(one for one in strangers if one._address == self._address)
        is_old = self.loop.time() - oldest.began_at > self.stranger_seconds
        if is_old:
            oldest.transport.abort()
        return is_old

    @property
    def _address(self) -> str:
        return network_of(self.client[0]) if self.client else ""

    def _is_of_proxy(self) -> bool:
        trusted = self.config.forwarded_allow_ips or ()
        address = self.client[0] if self.client else ""
        return self.config.proxy_headers and any(_covers(one, address) for one in trusted)


def _covers(trusted: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(trusted, strict=False)
    except ValueError:
        return trusted in ("*", address)
