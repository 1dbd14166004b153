"""Long request bodies on their way in: each holds a part in memory and threads that write, so that few come at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException


@dataclass
class RequestBodies:
    """All of them; used by the server's one thread.

    Attributes
    ----------
    each
        How many one sender may have.
    together
        How many there may be of everybody.
    """

    each: int = 8
    together: int = 24
    _open: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def take(self, sender: str) -> Iterator[None]:
        """Take one in for the length of the block.

        Raises
        ------
        HTTPException
            503: there are too many; PS3.18 8.5.2 lets the sender try again.
        """
        if self._open[sender] >= self.each or self._open.total() >= self.together:
            raise HTTPException(503, "Too many requests to store come at once.", {"Retry-After": "5"})
        self._open[sender] += 1
        try:
            yield
        finally:
            self._open[sender] -= 1
            self._open += Counter()
