"""What the reading order does to waiting times: the same arrivals read in order of arrival and in the node's order."""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.database import BY_RANK, Rank, group_of
from triage_node.errors import InvalidInput
from triage_node.findings import Decision

# Head CTs at an emergency department over the day: few at night, most in the afternoon.
HOURLY_SHARES = np.repeat([2.5, 1.6, 3.2, 5.3, 5.5, 6.0, 5.3, 3.8], 3)


@dataclass(frozen=True)
class Arrival:
    """A study: when it came, when the node had decided (None: never), and what; times in seconds.

    ``withheld_types`` are those that unfamiliar images kept from being flagged.
    """

    at: float
    decided_at: float | None
    decision: str | None
    withheld_types: str = ""

    @property
    def rank(self) -> Rank:
        """The study's place in the reading order."""
        return group_of(self.decision, 0, self.withheld_types).rank


@dataclass(frozen=True)
class Reading:
    """Who reads: times are log-normal, ``spread`` is the standard deviation of their logarithm.

    Raises
    ------
    InvalidInput
        A number is out of range.
    """

    readers: int = 1
    median_seconds: float = 300.0
    spread: float = 0.5
    maximum_wait_seconds: float = 3600.0

    def __post_init__(self) -> None:
        fits = 1 <= self.readers <= 100 and 1 <= self.median_seconds <= 86400 and 0 <= self.spread <= 3
        if not fits or not self.maximum_wait_seconds > 0:
            raise InvalidInput(
                "A simulation has 1 to 100 readers, a median of 1 to 86400 seconds, a spread of 0 to 3 and a positive "
                "maximum wait."
            )


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from arrival to opening of some studies; None of no study."""

    count: int
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The waits by group, and of ``all``, in order of arrival and in the node's order; and how many studies.

    ``load`` is the share of the readers' time that reading takes, from the first arrival to the last; from 1 on the
    queue grows without end.
    """

    fifo: Mapping[str, Waits]
    ranked: Mapping[str, Waits]
    studies: int
    load: float = 0.0


def compare(arrivals: Sequence[Arrival], reading: Reading, seed: int) -> Comparison:
    """Replay arrivals in both orders; each study takes as long to read in one as in the other."""
    ordered = sorted(arrivals, key=lambda arrival: arrival.at)
    logarithms = np.random.default_rng(seed).normal(math.log(reading.median_seconds), reading.spread, len(ordered))
    seconds = np.exp(logarithms)
    groups = np.array([group_of(arrival.decision, 0).rank for arrival in ordered])
    fifo, ranked = (_replay(ordered, seconds, reading, ranked=is_ranked) for is_ranked in (False, True))
    span = ordered[-1].at - ordered[0].at if ordered else 0.0
    load = float(seconds.sum()) / (span * reading.readers) if span > 0 else 0.0
    return Comparison(_by_group(fifo, groups), _by_group(ranked, groups), len(ordered), load)


def seconds_at_load(arrivals: Sequence[Arrival], readers: int, load: float, spread: float = Reading.spread) -> float:
    """Return the median seconds of a reading with which arrivals take a share of the readers' time; 0 of too few."""
    times = [arrival.at for arrival in arrivals]
    span = max(times) - min(times) if times else 0.0
    mean = load * readers * span / len(times) if times else 0.0
    return mean / math.exp(spread**2 / 2)


def synthetic_arrivals(
    days: int, per_day: float, flagged_rate: float, uncertain_rate: float, analysis_seconds: float, seed: int
) -> list[Arrival]:
    """Return made-up arrivals with the rhythm of a day, for a site that has few of its own.

    Raises
    ------
    InvalidInput
        A number is out of range.
    """
    rates = flagged_rate >= 0 and uncertain_rate >= 0 and flagged_rate + uncertain_rate <= 1
    if not (1 <= days <= 366 and 0 < per_day <= 1000 and rates and 0 <= analysis_seconds <= 86400):
        raise InvalidInput("Made-up arrivals take 1 to 366 days, up to 1000 studies a day and rates of at most 1.")
    rng = np.random.default_rng(seed)
    shares = HOURLY_SHARES / HOURLY_SHARES.sum()
    hourly = rng.poisson(np.tile(per_day * shares, days))
    times = np.sort(np.repeat(np.arange(24 * days), hourly) * 3600 + rng.uniform(0, 3600, hourly.sum()))
    words = rng.choice(
        [Decision.FLAGGED, Decision.UNCERTAIN, Decision.NOT_FLAGGED],
        size=len(times),
        p=[flagged_rate, uncertain_rate, 1 - flagged_rate - uncertain_rate],
    )
    return [Arrival(float(at), float(at) + analysis_seconds, str(word)) for at, word in zip(times, words, strict=True)]


class _Waiting:
    """Who waits to be read. A study stands in one queue until the node has decided, then in another too."""

    def __init__(self, arrivals: Sequence[Arrival], maximum_wait_seconds: float) -> None:
        self._arrivals = arrivals
        self._maximum_wait_seconds = maximum_wait_seconds
        self._queues: dict[Rank, list[int]] = {rank: [] for rank in BY_RANK}
        self._decisions: list[tuple[float, int]] = []
        self._opened = [False] * len(arrivals)
        self.count = 0

    def add(self, number: int) -> None:
        """Have a study wait; numbers follow the arrivals."""
        heapq.heappush(self._queues[Rank.REST], number)
        self.count += 1
        decided_at = self._arrivals[number].decided_at
        if decided_at is not None and self._arrivals[number].rank < Rank.REST:
            heapq.heappush(self._decisions, (decided_at, number))

    def open_first(self) -> int:
        """Take the study that has waited longest."""
        return self._take(Rank.REST)

    def open_ranked(self, now: float) -> int:
        """Take the study that is first in the node's reading order."""
        while self._decisions and self._decisions[0][0] <= now:
            _, number = heapq.heappop(self._decisions)
            heapq.heappush(self._queues[self._arrivals[number].rank], number)
        if self._first(Rank.FIRST) is not None:
            return self._take(Rank.FIRST)
        longest = self._first(Rank.REST)
        if longest is not None and self._arrivals[longest].at <= now - self._maximum_wait_seconds:
            return self._take(Rank.REST)
        return self._take(Rank.REST if self._first(Rank.UNCERTAIN) is None else Rank.UNCERTAIN)

    def _first(self, rank: Rank) -> int | None:
        queue = self._queues[rank]
        while queue and self._opened[queue[0]]:
            heapq.heappop(queue)
        return queue[0] if queue else None

    def _take(self, rank: Rank) -> int:
        number = self._first(rank)
        assert number is not None
        self._opened[number] = True
        self.count -= 1
        return number


def _replay(arrivals: Sequence[Arrival], seconds: np.ndarray, reading: Reading, *, ranked: bool) -> np.ndarray:
    """Return the seconds each study waited, ``(studies,) float64``."""
    waits = np.zeros(len(arrivals))
    waiting = _Waiting(arrivals, reading.maximum_wait_seconds)
    free_at = [-math.inf] * reading.readers
    coming = 0
    for _ in range(len(arrivals)):
        now = heapq.heappop(free_at)
        if not waiting.count:
            now = max(now, arrivals[coming].at)
        while coming < len(arrivals) and arrivals[coming].at <= now:
            waiting.add(coming)
            coming += 1
        number = waiting.open_ranked(now) if ranked else waiting.open_first()
        waits[number] = now - arrivals[number].at
        heapq.heappush(free_at, now + float(seconds[number]))
    return waits


def _by_group(waits: np.ndarray, groups: np.ndarray) -> dict[str, Waits]:
    found = {group.value: _spread(waits[groups == rank]) for rank, group in BY_RANK.items()}
    return found | {"all": _spread(waits)}


def _spread(waits: np.ndarray) -> Waits:
    if not len(waits):
        return Waits(0)
    p50, p95 = np.percentile(waits, [50, 95])
    return Waits(len(waits), *(round(float(value), 1) for value in (waits.mean(), p50, p95, waits.max())))
