"""A long request body, chunk by chunk, from a sender that may not take for ever."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

SLOWEST_BYTES_A_SECOND = 16 * 1024
"""Below this a sender is not slow, it holds a place."""


class TooSlow(Exception):
    """The body did not come in time."""


async def body_of(request: Request, silence_seconds: float) -> AsyncIterator[bytes]:
    """Yield the chunks of a body.

    Waiting is bounded twice: for one chunk, and in all by what a line of `SLOWEST_BYTES_A_SECOND` would need. The time
    that we take for the chunks does not count.

    Raises
    ------
    TooSlow
        The sender is silent or trickles.
    ClientDisconnect
        The sender went away.
    """
    waited, size, is_more = 0.0, 0, True
    while is_more:
        patience = min(silence_seconds, silence_seconds + size / SLOWEST_BYTES_A_SECOND - waited)
        start = time.monotonic()
        try:
            async with asyncio.timeout(patience):
                message = await request.receive()
        except TimeoutError as error:
            raise TooSlow from error
        waited += time.monotonic() - start
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        is_more = message.get("more_body", False)
        size += len(chunk)
        if chunk:
            yield chunk
