"""TLS handshakes of strangers: asyncio lets each take a minute and any number wait, each of which holds a file open."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

from triage_node.identity import network_of

HANDSHAKE_SECONDS = 10.0
MOST_OF_ONE_ADDRESS = 20
MOST_HANDSHAKES = 200


class Handshake(asyncio.Protocol):
    """A connection up to the end of its TLS handshake; where many wait, the one that waits longest gives way.

    Parameters
    ----------
    waiting
        All that are in their handshake, the oldest first.
    make
        Makes the protocol that is served once the handshake is done.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext,
        make: Callable[[], asyncio.BaseProtocol],
        waiting: "list[Handshake]",
    ) -> None:
        self._loop = loop
        self._context = context
        self._make = make
        self._waiting = waiting
        self._early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._address = network_of((transport.get_extra_info("peername") or ("",))[0])
        self._waiting.append(self)
        own = [one for one in self._waiting if one._address == self._address]
        if len(own) > MOST_OF_ONE_ADDRESS:
            own[0].give_way()
        elif len(self._waiting) > MOST_HANDSHAKES:
            self._waiting[0].give_way()
        self._task = self._loop.create_task(self._handshake())

    def data_received(self, data: bytes) -> None:
        """Keep what comes in one piece with the end of the handshake."""
        self._early += data

    def give_way(self) -> None:
        """Make room for another."""
        self._waiting.remove(self)
        self._transport.abort()

    async def _handshake(self) -> None:
        try:
            transport = await self._loop.start_tls(
                self._transport, self, self._context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except OSError:
            self._transport.abort()
            return
        finally:
            if self in self._waiting:
                self._waiting.remove(self)
        if transport is not None and not transport.is_closing():
            self._serve(transport)

    def _serve(self, transport: asyncio.Transport) -> None:
        protocol = cast("asyncio.Protocol", self._make())
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._early:
            protocol.data_received(self._early)


class Loop(asyncio.SelectorEventLoop):
    """The event loop of the web server, with bounded handshakes."""

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> asyncio.Server:  # type: ignore[override]
        """Serve as asyncio does; with ``ssl``, a protocol is made when its handshake is done."""
        context = options.pop("ssl", None)
        if context is None:
            return await super().create_server(protocol_factory, *args, **options)
        waiting: list[Handshake] = []
        return await super().create_server(
            lambda: Handshake(self, context, protocol_factory, waiting), *args, **options
        )
