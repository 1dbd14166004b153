"""Checking passwords: each hash takes 64 MiB and four processors for a while, so that few are made at once."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.exceptions import HTTPException

Result = TypeVar("Result")

AT_ONCE = 2
MOST_WAITING = 20


class Hashing:
    """A short queue before the hashes; who finds it full is told so at once, and no thread waits."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._limiter = CapacityLimiter(at_once)
        self._most = at_once + most_waiting
        self._inside = 0

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Run what makes a hash, in a thread.

        Raises
        ------
        HTTPException
            503: too many wait already.
        """
        if self._inside >= self._most:
            raise HTTPException(503, "Too many people sign in at once. Try again.", {"Retry-After": "5"})
        self._inside += 1
        try:
            return await anyio.to_thread.run_sync(partial(work, *arguments), limiter=self._limiter)
        finally:
            self._inside -= 1
