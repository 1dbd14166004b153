"""A server that answers nothing is called at growing pauses."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from triage_node.errors import PeerCongested, PeerDenied, PeerError, PeerUnreachable

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
NOTHING = (PeerUnreachable, PeerCongested, PeerDenied)
"""The server answers nothing now, whatever it is asked."""


@dataclass(frozen=True)
class ServerState:
    """Whether a server answers: None before the first request."""

    server: str
    answers: bool | None
    error: str = ""


class Patience:
    """When a server may be called.

    Parameters
    ----------
    steady
        Seconds of a clock that nobody can set.
    """

    def __init__(self, server: str, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._resume_at = steady()
        self._pause_seconds = 0.0
        self.state = ServerState(server, None)

    @property
    def may_call(self) -> bool:
        """Whether the pause is over."""
        return self._steady() >= self._resume_at

    def answered(self) -> None:
        """Note that it answers."""
        if self.state.answers is False:
            log.info("workitem_server_up server=%s", self.state.server)
        self.state = ServerState(self.state.server, True)
        self._pause_seconds = 0.0

    def failed(self, error: PeerError) -> None:
        """Note that it answers nothing."""
        if self.state.answers is not False:
            log.warning("workitem_server_down server=%s error=%s", self.state.server, error)
        self.state = ServerState(self.state.server, False, str(error))
        longer = max(FIRST_PAUSE_SECONDS, 2 * self._pause_seconds)
        self._pause_seconds = max(error.retry_after_seconds, min(longer, LONGEST_PAUSE_SECONDS))
        self._resume_at = self._steady() + self._pause_seconds
