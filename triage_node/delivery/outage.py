"""The way to a destination, and its outages: since when, how often it was called, and when it is called again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from triage_node.delivery.retry import RetryPolicy

log = logging.getLogger(__name__)

SAY_AGAIN_SECONDS = 600.0
LONGEST_PAUSE_SECONDS = 60.0
"""One call a minute costs nobody anything, and everything that waits goes out when it is answered."""


@dataclass(frozen=True)
class Outage:
    """``began_at`` and ``last_at`` in seconds since 1970; ``began``, ``next`` and ``logged`` by the steady clock."""

    began_at: float
    began: float
    last_at: float
    tries: int
    pause_seconds: float
    next: float
    logged: float
    error: str


@dataclass(frozen=True)
class Reach:
    """Whether a destination answers: None before the first try; ``since`` in seconds since 1970.

    ``trouble`` is what kept the last report from being taken (`Trouble`), empty when it was.
    """

    destination: str
    answers: bool | None
    since: float | None = None
    tries: int = 0
    last_try_at: float | None = None
    next_try_seconds: float | None = None
    error: str = ""
    trouble: str = ""


class Line:
    """What is known of the way to one destination; only its changes are logged, and now and then that it still stands.

    Parameters
    ----------
    clock
        Seconds since 1970.
    steady
        Seconds of a clock that nobody can set: pauses last as long as they shall, whatever the clock is set to.
    """

    def __init__(
        self, destination: str, policy: RetryPolicy, clock: Callable[[], float], steady: Callable[[], float]
    ) -> None:
        self._destination = destination
        self._policy = replace(policy, longest_seconds=min(policy.longest_seconds, LONGEST_PAUSE_SECONDS))
        self._clock = clock
        self._steady = steady
        self._outage: Outage | None = None
        self._answers_since: float | None = None

    @property
    def is_down(self) -> bool:
        """Whether the last call was not answered."""
        return self._outage is not None

    @property
    def may_call(self) -> bool:
        """Whether the pause after the last call that was not answered is over."""
        return self._outage is None or self._steady() >= self._outage.next

    @property
    def pause_seconds(self) -> float:
        """The pause that was made after the last call, 0 while the destination answers."""
        return self._outage.pause_seconds if self._outage is not None else 0.0

    @property
    def reach(self) -> Reach:
        """What can be told of it."""
        outage = self._outage
        if outage is None:
            return Reach(self._destination, None if self._answers_since is None else True, self._answers_since)
        return Reach(
            self._destination,
            False,
            outage.began_at,
            outage.tries,
            outage.last_at,
            max(0.0, outage.next - self._steady()),
            outage.error,
        )

    def failed(self, error: str, least_seconds: float = 0.0) -> Outage:
        """Note that a call was not answered; return how the outage stands.

        Parameters
        ----------
        least_seconds
            The pause that the destination itself asks for.
        """
        at, now, before = self._clock(), self._steady(), self._outage
        tries = before.tries + 1 if before is not None else 1
        pause = max(least_seconds, self._policy.pause_seconds(tries))
        if before is None:
            self._outage = Outage(at, now, at, 1, pause, now + pause, now, error)
            log.warning("destination_down destination=%s error=%s", self._destination, error)
            return self._outage
        self._outage = replace(before, last_at=at, tries=tries, pause_seconds=pause, next=now + pause, error=error)
        if now - before.logged >= SAY_AGAIN_SECONDS:
            self._outage = replace(self._outage, logged=now)
            minutes = (now - before.began) / 60
            values = (self._destination, minutes, tries, error)
            log.warning("destination_still_down destination=%s minutes=%.0f tries=%d error=%s", *values)
        return self._outage

    def end_pause(self) -> None:
        """Let it be called at once."""
        if self._outage is not None:
            self._outage = replace(self._outage, next=self._steady())

    def answered(self) -> Outage | None:
        """Note that a call was answered; return the outage that ended with it."""
        outage, self._outage = self._outage, None
        if self._answers_since is None or outage is not None:
            self._answers_since = self._clock()
        if outage is not None:
            values = (self._destination, self._steady() - outage.began, outage.tries)
            log.info("destination_up destination=%s down_seconds=%.0f tries=%d", *values)
        return outage
