"""What is told of some days: numbers of studies, turnaround, reasons, scores, scanners, agreement and drift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from triage_node.json_object import FLAT, named
from triage_node.statistics.agreement import Agreement
from triage_node.statistics.drift import Drift


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long something took, in seconds; None of nothing."""

    count: int
    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many studies, by what became of them, and how long each stage took."""

    arrivals: int
    analyzed: int
    flagged: int
    uncertain: int
    not_flagged: int
    unsuitable: int
    failed: int
    delivered: int
    positive_rate: float | None
    turnaround_seconds: Mapping[str, Percentiles]


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """The numbers of a local day, ``YYYY-MM-DD``."""

    day: str
    numbers: Numbers = field(metadata=FLAT)


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """How many scores lie between each two edges."""

    edges: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class PeriodNumbers:
    """Numbers of a period, by day and together."""

    from_day: str = field(metadata=named("from"))
    to_day: str = field(metadata=named("to"))
    days: Sequence[DayNumbers]
    totals: Numbers
    turnaround_seconds: Mapping[str, Percentiles]
    unsuitable_by_reason: Mapping[str, int]
    failed_by_reason: Mapping[str, int]
    scores: ScoreHistogram
    scanners: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PeriodDrift:
    """How far scores and scanners have moved since a reference period."""

    scores: Drift
    scanners: Drift
    reference_from: str
    reference_to: str


@dataclass(frozen=True, slots=True)
class PeriodStatistics:
    """Everything that the roll-ups tell of a period."""

    numbers: PeriodNumbers = field(metadata=FLAT)
    agreement: Agreement
    drift: PeriodDrift
