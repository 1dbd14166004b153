"""The wait of a long-running command for the signal that ends it."""

import signal
import socket
from types import TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """SIGINT or SIGTERM, heard from the moment this is entered, in whatever thread the kernel delivers it.

    Python's handlers run in the main thread only, between two of its instructions. A signal that comes just before
    the main thread blocks on a lock, or that another thread takes, therefore wakes nobody. The interpreter's wake-up
    descriptor is written by the C handler itself, so that what waits to read it always wakes.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._woken_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._handled_before = {number: signal.signal(number, _nothing) for number in SIGNALS}
        return self

    def wait(self) -> None:
        """Wait for the signal; one that has come already is enough."""
        while self._reader.recv(1)[0] not in SIGNALS:
            pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handled_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken_before)
        self._reader.close()
        self._writer.close()


def _nothing(_number: int, _frame: object) -> None:
    """Let the signal only wake who waits; without a handler it would end the process."""
