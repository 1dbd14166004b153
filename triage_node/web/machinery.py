"""How the node's own parts say they are, for the pages: facts, worker, jobs, intake, destinations, its settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MISSED_RUNS = 10
MISSED_LONG_RUNS = 3
VITAL_SECONDS = 60.0
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
    """The inference process, as the node's side sees it.

    ``sha256`` is the model's; ``gpu_memory`` the bytes that it took, by kind by GPU, empty without one.
    """

    pid: int | None
    ready: bool
    device: str
    model: str
    version: str
    error: str
    sha256: str = ""
    gpu_memory: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What upkeep does by the clock, and how it went last.

    It ``does`` what a sentence says, every so many seconds or ``daily_at`` a time; the last run ended at ``ran_at``,
    took ``seconds`` and had an ``outcome`` or an ``error``; one that ``wants_look`` found what a person should see to.
    """

    name: str
    every_seconds: float
    ran_at: float | None
    error: str
    next_at: float | None = None
    silent_seconds: float | None = None
    does: str = ""
    daily_at: str = ""
    seconds: float | None = None
    outcome: str = ""
    wants_look: bool = False
    running_seconds: float | None = None

    @property
    def is_vital(self) -> bool:
        """Whether nothing goes on when it does not run: those that run every few seconds."""
        return self.every_seconds < VITAL_SECONDS

    @property
    def is_late(self) -> bool:
        """Whether it did not end for many times its interval, by a clock that nobody can set."""
        return self.silent_seconds is not None and self.silent_seconds > self._longest_seconds

    @property
    def _longest_seconds(self) -> float:
        missed = MISSED_RUNS if self.is_vital else MISSED_LONG_RUNS
        return max(missed * self.every_seconds, SHORTEST_SILENCE_SECONDS)

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
    """Whether a destination answers, and since when; ``answers`` is None before the first try since the start.

    ``trouble`` is what kept the last report from being taken, as `triage_node.errors.Trouble` has it.
    """

    destination: str
    answers: bool | None
    since: float | None = None
    tries: int = 0
    last_try_at: float | None = None
    next_try_seconds: float | None = None
    error: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Echoed:
    """What a destination did when it was tried last, without a report: its answer or the error."""

    destination: str
    answers: bool
    at: float
    words: str


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
    """What of the node the pages can only ask it itself; None is said of what another process of the node does.

    ``try_now`` has a destination called at once; False where another process delivers.
    """

    worker: Callable[[], Worker | None]
    jobs: Callable[[], Sequence[Job]]
    intake: Callable[[], Intake | None] | None = None
    reaches: Callable[[], Sequence[Reach]] = tuple
    last_reload: Callable[[], Reload | None] = lambda: None
    echoes: Callable[[], Sequence[Echoed]] = tuple
    try_now: Callable[[str], bool] = lambda _destination: False
