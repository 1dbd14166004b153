"""Asking again what did not answer: an archive of millions is read for days, and something is always restarted."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from triage_node.errors import PeerUnreachable

log = logging.getLogger(__name__)

PAUSES_SECONDS = (1.0, 4.0, 15.0, 60.0)

T = TypeVar("T")


def with_patience(ask: Callable[[], T], may_pass: Callable[[Exception], bool], name: str) -> T:
    """Return what is asked for, asking again after a pause as long as an error may pass.

    Raises
    ------
    PeerUnreachable
        It did not answer for more than a minute. Any other error is an answer.
    """
    for pause_seconds in PAUSES_SECONDS:
        try:
            return ask()
        except Exception as error:  # of whatever library asks there
            if not may_pass(error):
                raise
            log.warning("archive_asked_again error=%s in_seconds=%.0f", type(error).__name__, pause_seconds)
            time.sleep(pause_seconds)
    try:
        return ask()
    except Exception as error:
        if not may_pass(error):
            raise
        raise PeerUnreachable(f"{name} does not answer ({type(error).__name__}: {error}); scan again later.") from error
