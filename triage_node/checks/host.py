"""The machine and the user that the node runs as."""

import os
import time
from collections.abc import Iterator

from triage_node.checks.processes import Process, open_files_limit
from triage_node.checks.result import Result, ok, warning
from triage_node.config import Settings

OF_WEB = 500
OF_ARRIVALS = 128
FILES_BESIDE = 200
"""Descriptors of the database, of log and libraries, and of what is read and written."""


def check_host(settings: Settings, node: Process | None) -> Iterator[Result]:
    """Look at the time zone, the user, and how many files may be open.

    Parameters
    ----------
    node
        The node that runs on the data folder; its limits count, not those of the shell.
    """
    yield check_zone(settings, time.tzname)
    if os.geteuid() == 0:
        yield warning("user", "This is root: run the node as a user of its own, who owns nothing but the data folder.")
    yield check_open_files(settings, open_files_limit(node), node)


def check_zone(settings: Settings, names: tuple[str, ...]) -> Result:
    """Look whether anybody said where the hospital is."""
    if settings.timezone is None and set(names) <= {"UTC", "GMT"}:
        return warning("time zone", "It is UTC: set timezone, as in Europe/Berlin, or days begin at another hour.")
    return ok("time zone", settings.timezone or f"this machine's, {names[0]}")


def check_open_files(settings: Settings, limit: int | None, node: Process | None = None) -> Result:
    """Compare the limit with what as many senders and browsers need as are let in at once."""
    web = OF_WEB if settings.web_enabled else 0
    needed = 2 * settings.maximum_associations + OF_ARRIVALS + web + FILES_BESIDE
    whose = "of the running node" if node is not None else "of this shell; a service has its own"
    if limit is not None and limit < needed:
        return warning(
            "open files",
            f"{limit} may be open ({whose}), {needed} may be needed: set LimitNOFILE={_rounded(needed)} in the systemd "
            "unit, or lower maximum_associations.",
        )
    return ok("open files", f"{'any number' if limit is None else limit} may be open ({whose})")


def _rounded(needed: int) -> int:
    return 1 << (needed - 1).bit_length()
