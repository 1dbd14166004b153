"""What the department asks: how many, how fast, how often, how well. Answered from the daily roll-ups alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import JSON, func, select

from triage_node.database import DailyRow, Database, checked_day
from triage_node.errors import InvalidInput
from triage_node.findings import Decision
from triage_node.outcome import Status
from triage_node.statistics.agreement import Agreement, agreement_of
from triage_node.statistics.drift import drift_of, mix_drift
from triage_node.statistics.period import (
    DayNumbers,
    Numbers,
    Percentiles,
    PeriodDrift,
    PeriodNumbers,
    PeriodStatistics,
    ScoreHistogram,
)
from triage_node.statistics.rollups import DELIVERED, SCORE_BINS, STAGES, duration_percentiles
from triage_node.statistics.step import Step

LONGEST_DAYS = 3 * 366
DAYS_BY_STAGE = 92
COUNTED_BY_DAY = ("arrivals", "status", "decision", DELIVERED)
# Two bins of scores count as one: fewer, fuller bins make the index say less about chance.
DRIFT_BINS = SCORE_BINS // 2
UNKNOWN_SCANNER = "unknown"

ROWS_AT_ONCE = 100

Measures = dict[str, Counter[str]]


class Statistics:
    """Read the roll-ups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def statistics(self, from_day: date, to_day: date) -> PeriodNumbers:
        """Return numbers of studies, turnaround, reasons, scores and scanners, by day and together.

        A study counts on the day it arrived, with its latest outcome; a delivery on the day it was made; turnaround is
        that of a study's first outcome. The days of a period longer than a quarter tell the whole turnaround only, not
        that of each stage.

        Raises
        ------
        InvalidInput
            The days are in the wrong order or too many.
        """
        total, stages = self._total(from_day, to_day), _stages_by_day(from_day, to_day)
        return _statistics(total, self._by_step(from_day, to_day, stages), from_day, to_day, stages)

    def everything(
        self,
        from_day: date,
        to_day: date,
        reference_from: date,
        reference_to: date,
        step: Step = Step.DAY,
        stages: Sequence[str] = (),
    ) -> PeriodStatistics:
        """Return `statistics` with `agreement` and `drift`, reading the roll-ups once.

        Parameters
        ----------
        step
            In what steps; each has the first day of it for its ``day``.
        stages
            Those that are told of each step, by default as `statistics` does.

        Raises
        ------
        InvalidInput
            The days of a period are in the wrong order or too many.
        """
        _check(from_day, to_day)
        # The database sums a year in one step, for which it needs no Python: the days are put together meanwhile.
        with ThreadPoolExecutor(max_workers=1) as beside:
            summed = beside.submit(self._total, from_day, to_day)
            stages = stages or _stages_by_day(from_day, to_day)
            by_day = self._by_step(from_day, to_day, stages, step)
            reference, total = self._total(reference_from, reference_to), summed.result()
        return PeriodStatistics(
            _statistics(total, by_day, from_day, to_day, stages, step),
            agreement=agreement_of(total["verdict"], total["verdict_type"]),
            drift=_drift(reference, total, reference_from, reference_to),
        )

    def agreement(self, from_day: date, to_day: date) -> Agreement:
        """Return how far readers agree with the node, for studies that arrived on some days.

        Raises
        ------
        InvalidInput
            The days are in the wrong order or too many.
        """
        total = self._total(from_day, to_day)
        return agreement_of(total["verdict"], total["verdict_type"])

    def drift(self, from_day: date, to_day: date, reference_from: date, reference_to: date) -> PeriodDrift:
        """Return how far scores and scanners have moved since a reference period.

        Raises
        ------
        InvalidInput
            The days of a period are in the wrong order or too many.
        """
        reference, current = self._total(reference_from, reference_to), self._total(from_day, to_day)
        return _drift(reference, current, reference_from, reference_to)

    def _by_step(
        self, from_day: date, to_day: date, stages: Sequence[str], step: Step = Step.DAY
    ) -> dict[str, Numbers]:
        """Return the numbers of each step; its bins are let go before the next one's are read.

        Thousands of them at once would set off the garbage collector, which takes as long as the query.
        """
        measures = [*COUNTED_BY_DAY, *(f"seconds.{stage}" for stage in stages)]
        with self._database.read() as session:
            # One JSON object a measure comes in a third of the time that its bins take as rows.
            is_postgresql = session.get_bind().dialect.name == "postgresql"
            as_object = func.json_object_agg if is_postgresql else func.json_group_object
            numbers = as_object(DailyRow.value, DailyRow.number, type_=JSON)
            query = select(DailyRow.day, DailyRow.measure, numbers).group_by(DailyRow.day, DailyRow.measure)
            of_days = query.where(_within(from_day, to_day), DailyRow.measure.in_(measures)).order_by(DailyRow.day)
            rows = session.execute(of_days, execution_options={"yield_per": ROWS_AT_ONCE})
            by_step = groupby(rows, lambda row: _begin(step, row[0]))
            return {day: _numbers(_counters(row[1:] for row in of_step), stages) for day, of_step in by_step}

    def _total(self, from_day: date, to_day: date) -> Measures:
        _check(from_day, to_day)
        query = (
            select(DailyRow.measure, DailyRow.value, func.sum(DailyRow.number))
            .where(_within(from_day, to_day))
            .group_by(DailyRow.measure, DailyRow.value)
        )
        found: Measures = defaultdict(Counter)
        with self._database.read() as session:
            for measure, value, number in session.execute(query):
                found[measure][value] = int(number)
        return found


def _stages_by_day(from_day: date, to_day: date) -> Sequence[str]:
    return STAGES if (to_day - from_day).days < DAYS_BY_STAGE else ("total",)


def _statistics(
    total: Measures,
    by_step: Mapping[str, Numbers],
    from_day: date,
    to_day: date,
    stages: Sequence[str],
    step: Step = Step.DAY,
) -> PeriodNumbers:
    nothing = _numbers(defaultdict(Counter), stages)
    begins = [begin.isoformat() for begin in step.begins(from_day, to_day)]
    return PeriodNumbers(
        from_day=from_day.isoformat(),
        to_day=to_day.isoformat(),
        days=[DayNumbers(day, by_step.get(day, nothing)) for day in begins],
        totals=_numbers(total, STAGES),
        turnaround_seconds=_turnaround(total, STAGES),
        unsuitable_by_reason=_present(total[f"reason.{Status.UNSUITABLE}"]),
        failed_by_reason=_present(total[f"reason.{Status.FAILED}"]),
        scores=ScoreHistogram(
            edges=[round(edge / SCORE_BINS, 4) for edge in range(SCORE_BINS + 1)],
            counts=[total["score"][f"{number:02d}"] for number in range(SCORE_BINS)],
        ),
        scanners={name or UNKNOWN_SCANNER: number for name, number in _present(total["scanner"]).items()},
    )


def _drift(reference: Measures, current: Measures, reference_from: date, reference_to: date) -> PeriodDrift:
    labels = [f"{number / DRIFT_BINS:.1f}" for number in range(DRIFT_BINS)]
    return PeriodDrift(
        scores=drift_of(_wider(reference["score"]), _wider(current["score"]), labels),
        scanners=mix_drift(_present(reference["scanner"]), _present(current["scanner"])),
        reference_from=reference_from.isoformat(),
        reference_to=reference_to.isoformat(),
    )


@lru_cache(4 * 366)
def _begin(step: Step, day: str) -> str:
    return day if step is Step.DAY else step.begin(date.fromisoformat(day)).isoformat()


def _counters(rows: Iterable[Sequence[Any]]) -> Measures:
    found: Measures = defaultdict(Counter)
    for measure, counts in rows:
        found[measure].update(counts)
    return found


def _within(from_day: date, to_day: date) -> Any:
    return DailyRow.day.between(from_day.isoformat(), to_day.isoformat())


def _check(from_day: date, to_day: date) -> None:
    days = (checked_day(to_day) - checked_day(from_day)).days
    if not 0 <= days < LONGEST_DAYS:
        raise InvalidInput(f"From {from_day} to {to_day} is not a period of 1 to {LONGEST_DAYS} days.")


def _numbers(measures: Measures, stages: Sequence[str]) -> Numbers:
    status, decision = measures["status"], measures["decision"]
    analyzed = status[Status.ANALYZED]
    return Numbers(
        arrivals=measures["arrivals"][""],
        analyzed=analyzed,
        flagged=decision[Decision.FLAGGED],
        uncertain=decision[Decision.UNCERTAIN],
        not_flagged=decision[Decision.NOT_FLAGGED],
        unsuitable=status[Status.UNSUITABLE],
        failed=status[Status.FAILED],
        delivered=measures[DELIVERED][""],
        positive_rate=decision[Decision.FLAGGED] / analyzed if analyzed else None,
        turnaround_seconds=_turnaround(measures, stages),
    )


def _turnaround(measures: Measures, stages: Sequence[str]) -> dict[str, Percentiles]:
    return {stage: _percentiles(measures[f"seconds.{stage}"]) for stage in stages}


def _percentiles(bins: Counter[str]) -> Percentiles:
    count = sum(bins.values())
    if not count:
        return Percentiles(0)
    p50, p95 = duration_percentiles(bins, (0.5, 0.95))
    return Percentiles(count, round(p50, 3), round(p95, 3))


def _present(numbers: Counter[str]) -> dict[str, int]:
    return {name: number for name, number in numbers.most_common() if number > 0}


def _wider(scores: Counter[str]) -> Counter[str]:
    wider: Counter[str] = Counter()
    for name, number in scores.items():
        wider[f"{int(name) * DRIFT_BINS // SCORE_BINS / DRIFT_BINS:.1f}"] += number
    return wider
