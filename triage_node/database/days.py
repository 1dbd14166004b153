"""Local days: when one begins, and on which one a time lies."""

import time
from datetime import date

from triage_node.errors import InvalidInput


def day_of(at: float) -> str:
    """Return the local day of a time."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def checked_day(day: date) -> date:
    """Return a day that a study can have come on.

    Raises
    ------
    InvalidInput
        Its year is not in 1970 to 2999.
    """
    if not 1970 <= day.year < 3000:
        raise InvalidInput(f"{day} is not a day the node can count with.")
    return day


def start_of(day: date) -> float:
    """Return when a local day begins, in seconds since 1970."""
    return time.mktime(day.timetuple())
