"""An answer goes to who asked, not to pynetdicom's own thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynetdicom.association import Association


class AwaitedAnswers:
    """Keep the thread of an association from what a request awaits.

    That thread takes what a peer sends unasked, and pauses while a request is under way; but it says that it pauses a
    moment before it does. When the machine is busy it then takes the answer, which nobody gets, and the request waits
    for its whole time.
    """

    def __init__(self, assoc: Association) -> None:
        self._take = assoc.dimse.get_msg
        self._lock = threading.Lock()
        self._is_awaited = False
        assoc.dimse.get_msg = self._get

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Leave what comes in this block to the request that is made in it."""
        with self._lock:
            self._is_awaited = True
        try:
            yield
        finally:
            self._is_awaited = False

    def _get(self, block: bool = False) -> Any:
        """Return context and message as pynetdicom's own method does; only its thread does not wait for one."""
        if block:
            return self._take(block=True)
        with self._lock:
            return (None, None) if self._is_awaited else self._take(block=False)
