"""The clock, compared with that of the systems that the node calls."""

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence

from triage_node.checks.result import Result, failed, ok, warning
from triage_node.config import Settings
from triage_node.endpoints import Endpoint
from triage_node.errors import TriageError
from triage_node.user_agent import Caller, HttpCaller

TELLING = ("http", "https")
"""Kinds that answer with a Date; DICOM has no service that tells the time."""
TOLERATED_SECONDS = 5.0
MOST_SECONDS = 60.0
"""By more, tokens and certificates of others are taken for ended or not begun."""
TIME_ERROR = 5
TIMEX_BYTES = 512
"""More than struct timex has."""


def check_clock(settings: Settings, caller: Caller, clock: Callable[[], float] = time.time) -> Iterator[Result]:
    """Compare the clock with the Date of each web server; where there is none, say so.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """
    systems: Sequence[Endpoint] = (*settings.destinations, *settings.sources, *settings.workitem_servers)
    results = [_compared(one, caller, clock) for one in systems if one.scheme in TELLING]
    told = [one for one in results if one is not None]
    yield from told or [_untold(is_synchronized())]


def is_synchronized() -> bool | None:
    """Tell whether the kernel believes that somebody keeps its clock right (adjtimex(2)); None: nobody knows."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != TIME_ERROR


def _compared(endpoint: Endpoint, caller: Caller, clock: Callable[[], float]) -> Result | None:
    """Return how far apart the clocks are; None where it does not answer, which is said elsewhere."""
    http = HttpCaller(endpoint, caller, clock)
    try:
        before = clock()
        there = http.request("HEAD", endpoint.url, "*/*").at
        here = (before + clock()) / 2
    except TriageError:
        return None
    finally:
        http.close()
    return None if there is None else _judged(endpoint.name, here - there)


def _judged(name: str, ahead_seconds: float) -> Result:
    """Say how far our clock is ahead of another; a Date has whole seconds."""
    seconds = abs(ahead_seconds)
    if seconds <= TOLERATED_SECONDS:
        return ok("clock", f"as that of {name}, within {TOLERATED_SECONDS:.0f} s")
    what = f"This machine's clock is {seconds:.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} that of {name}"
    way = "have both follow a time server (`timedatectl set-ntp true`, or chrony)"
    return (failed if seconds > MOST_SECONDS else warning)("clock", f"{what}: {way}.")


def _untold(synchronized: bool | None) -> Result:
    nobody = "none of the systems that are called tells its time (only web servers do)"
    if synchronized is False:
        return warning(
            "clock", f"The kernel's clock is not synchronized, and {nobody}: set up a time server (`timedatectl`)."
        )
    kept = "the kernel's clock is synchronized; " if synchronized else ""
    return ok("clock", f"{kept}not compared: {nobody}")
