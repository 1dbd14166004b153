"""Event streams that are open: each costs the node a look at the worklist four times a second."""

from collections import deque
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException


@dataclass(eq=False)
class Stream:
    """One page that is kept up to date; ``is_replaced`` once its person has opened too many others."""

    key: str
    is_replaced: bool = False


@dataclass
class Streams:
    """All of them; used by the server's one thread.

    Attributes
    ----------
    each
        How many a person or program may have; the oldest gives way. Browsers open no more than six connections.
    together
        How many there may be of everybody.
    """

    each: int = 4
    together: int = 200
    _open: deque[Stream] = field(default_factory=deque)

    def check(self) -> None:
        """Let pass, or not.

        Raises
        ------
        HTTPException
            503: there are too many.
        """
        if len(self._open) >= self.together:
            raise HTTPException(503, "Too many pages are kept up to date at once.", {"Retry-After": "30"})

    def open(self, key: str) -> Stream:
        """Note a stream of somebody."""
        stream = Stream(key)
        self._open.append(stream)
        own = [one for one in self._open if one.key == key and not one.is_replaced]
        for oldest in own[: max(0, len(own) - self.each)]:
            oldest.is_replaced = True
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a stream that has ended."""
        self._open.remove(stream)
