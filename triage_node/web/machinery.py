"""How the node's own parts say they are, for the pages: facts, worker, jobs, intake, destinations, its settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

MISSED_RUNS = 10
SHORTEST_SILENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Fact:
    """One thing the node needs and whether it is there; ``message`` holds no patient data.

    What is not ``is_needed`` leaves the node ready: it only wants somebody to look.
    """

    name: str
    ok: bool
    message: str = ""
    is_needed: bool = True


@dataclass(frozen=True)
class Worker:
    """The inference process, as the node's side sees it."""

    pid: int | None
    ready: bool
    device: str
    model: str
    version: str
    error: str


@dataclass(frozen=True)
class Job:
    """What upkeep does by the clock, and how it went last."""

    name: str
    every_seconds: float
    ran_at: float | None
    error: str
    next_at: float | None = None
    silent_seconds: float | None = None

    @property
    def is_late(self) -> bool:
        """Whether it did not end for many times its interval, by a clock that nobody can set."""
        return self.silent_seconds is not None and self.silent_seconds > self._longest_seconds

    @property
    def _longest_seconds(self) -> float:
        return max(MISSED_RUNS * self.every_seconds, SHORTEST_SILENCE_SECONDS)

    def is_well(self, now: float) -> bool:
        """Tell whether it ran lately, and without an error; before its first run nobody knows, so it is well."""
        if self.silent_seconds is not None:
            return not self.error and not self.is_late
        return not self.error and (self.ran_at is None or now - self.ran_at <= self._longest_seconds)


@dataclass(frozen=True)
class Intake:
    """How what comes in is taken: the listener, and the indexer that gives instances their rows.

    ``backlog_seconds`` is the age of the oldest instance that was acknowledged and has no row; those ``set_aside``
    can have none.
    """

    accepting: bool
    associations: int
    refused: int
    last_error: str
    registering: bool
    backlog: int
    backlog_seconds: float | None
    set_aside: int


@dataclass(frozen=True)
class Reach:
    """Whether a destination answers, and since when; ``answers`` is None before the first try since the start."""

    destination: str
    answers: bool | None
    since: float | None = None
    tries: int = 0
    last_try_at: float | None = None
    next_try_seconds: float | None = None
    error: str = ""


@dataclass(frozen=True)
class Reload:
    """What came of the last time that the node read its settings anew, ``at`` seconds since 1970.

    ``changed`` are the settings it goes by since then, ``waiting`` those that want a restart. With an ``error`` it goes
    by those from before.
    """

    at: float
    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Machinery:
    """What of the node the pages can only ask it itself."""

    worker: Callable[[], Worker]
    jobs: Callable[[], Sequence[Job]]
    intake: Callable[[], Intake] | None = None
    reaches: Callable[[], Sequence[Reach]] = tuple
    last_reload: Callable[[], Reload | None] = lambda: None
