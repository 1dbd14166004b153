"""The numbers of some days, from the daily roll-ups, for the page, its files and the API."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from triage_node.json_object import FLAT
from triage_node.statistics import REFERENCE_DAYS, USUAL_DAYS, PeriodStatistics, QueueLengths, Step
from triage_node.worklist import Counts, Worklist

FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything that is told of some days, and what is open ``now``."""

    statistics: PeriodStatistics = field(metadata=FLAT)
    queues: Sequence[QueueLengths]
    now: Counts


def period(from_day: date | None, to_day: date | None) -> tuple[date, date]:
    """Return the days that are asked for, the last 30 by default."""
    last = to_day or date.today()
    return from_day or _before(last, USUAL_DAYS - 1), last


def all_numbers(
    worklist: Worklist, first: date, last: date, step: Step = Step.DAY, stages: Sequence[str] = ()
) -> Numbers:
    """Return everything that is told of some days, in steps."""
    end = _before(first, 1)
    return Numbers(
        worklist.statistics.everything(first, last, _before(end, REFERENCE_DAYS - 1), end, step, stages),
        queues=worklist.queue_history.history(first, last, step),
        now=worklist.study_lists.counts(),
    )


def presets(today: date) -> list[tuple[str, date, date]]:
    """Return the periods that people ask for most: words, first and last day."""
    days = [("7 days", 7), ("30 days", USUAL_DAYS), ("90 days", 90), ("12 months", 365), ("3 years", 3 * 365)]
    return [(words, _before(today, number - 1), today) for words, number in days]


def _before(day: date, days: int) -> date:
    """Return an earlier day, `FIRST_DAY` at the earliest: the calendar ends in the year 1."""
    return date.fromordinal(max(FIRST_DAY.toordinal(), day.toordinal() - days))
