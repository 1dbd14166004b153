"""The wait of a long-running command for the signal that ends it, or has it read its settings anew."""

import signal
import socket
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """SIGINT or SIGTERM, heard from the moment this is entered, in whatever thread the kernel delivers it.

    Python's handlers run in the main thread only, between two of its instructions. A signal that comes just before
    the main thread blocks on a lock, or that another thread takes, therefore wakes nobody. The interpreter's wake-up
    descriptor is written by the C handler itself, so that what waits to read it always wakes.

    Parameters
    ----------
    reload
        Called while `wait` waits, for each SIGHUP. Without it SIGHUP ends the process as any program. A SIGHUP that
        comes because the terminal is gone that the command was started from is one to stop.
    """

    def __init__(self, reload: Callable[[], object] | None = None) -> None:
        self._reload = reload
        self._has_terminal = _has_terminal()
        self._hung_up = False

    def defer_hang_ups(self) -> None:
        """Have each SIGHUP before `wait` wait for it: a service manager may ask for a reload at any moment."""
        signal.signal(signal.SIGHUP, self._note)

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._woken_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        handled = SIGNALS if self._reload is None else (*SIGNALS, signal.SIGHUP)
        self._handled_before = {number: signal.signal(number, _nothing) for number in handled}
        return self

    def wait(self) -> None:
        """Wait for the signal; one that has come already is enough."""
        number = signal.SIGHUP if self._hung_up else self._reader.recv(1)[0]
        while number not in SIGNALS:
            if number == signal.SIGHUP and self._reload is not None:
                if self._has_terminal and not _has_terminal():
                    return
                self._reload()
            number = self._reader.recv(1)[0]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handled_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken_before)
        self._reader.close()
        self._writer.close()

    def _note(self, _number: int, _frame: object) -> None:
        self._hung_up = True


def _nothing(_number: int, _frame: object) -> None:
    """Let the signal only wake who waits; without a handler it would end the process."""


def _has_terminal() -> bool:
    """Tell whether somebody sits before the command; a terminal that was closed is none any more."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # it was closed by ourselves
        return False
