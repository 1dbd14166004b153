"""How long the queues were, hour by hour: looked at now and then, the longest of each hour is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import select

from triage_node.database import Database, DeliveryState, QueueHourRow, StudyState, checked_day, start_of
from triage_node.statistics.rollups import delivery_counts, state_counts
from triage_node.statistics.step import Step

HOUR = 3600
QUEUES = ("receiving", "waiting", "reports")
# A period with more hours is told by the day.
MOST_HOURS = 31 * 24


@dataclass(frozen=True, slots=True)
class QueueLengths:
    """The longest queues of an hour or day that begins ``at``, in seconds since 1970; None where nobody looked."""

    at: float
    receiving: int | None
    waiting: int | None
    reports: int | None


class QueueHistory:
    """Look at the queues, and tell how long they were."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def look(self) -> None:
        """Keep how long the queues are now, if that is longer than before in this hour."""
        hour = int(self._clock() // HOUR * HOUR)
        with self._database.write() as session:
            studies, deliveries = state_counts(session), delivery_counts(session)
            seen = {
                "receiving": studies.get(StudyState.RECEIVING, 0),
                "waiting": studies.get(StudyState.READY, 0) + studies.get(StudyState.ANALYZING, 0),
                "reports": deliveries.get(DeliveryState.PENDING, 0) + deliveries.get(DeliveryState.SENDING, 0),
            }
            row = session.get(QueueHourRow, hour, with_for_update=True)
            if row is None:
                session.add(QueueHourRow(hour=hour, **seen))
                return
            for name, number in seen.items():
                setattr(row, name, max(getattr(row, name), number))

    def history(self, from_day: date, to_day: date, step: Step = Step.DAY) -> list[QueueLengths]:
        """Return the longest queues by the hour, of a period longer than a month by the day or by a longer step."""
        start, end = start_of(checked_day(from_day)), min(start_of(to_day + timedelta(days=1)), self._clock())
        query = select(QueueHourRow).where(QueueHourRow.hour >= start, QueueHourRow.hour < end)
        with self._database.read() as session:
            rows = list(session.scalars(query.order_by(QueueHourRow.hour)))
        by_hour = end - start <= MOST_HOURS * HOUR + 2 * HOUR
        times = _hours(start, end) if by_hour else _begins(step, from_day, end)
        return list(_longest(rows, list(times)))


def _hours(start: float, end: float) -> Iterator[float]:
    yield from range(int(start // HOUR * HOUR), int(end), HOUR)


def _begins(step: Step, first: date, end: float) -> Iterator[float]:
    for day in step.begins(first, date.fromtimestamp(end)):
        if start_of(day) < end:
            yield start_of(day)


def _longest(rows: list[QueueHourRow], times: list[float]) -> Iterator[QueueLengths]:
    place = 0
    for at, until in pairwise([*times, float("inf")]):
        within = []
        while place < len(rows) and rows[place].hour < until:
            within.append(rows[place])
            place += 1
        yield QueueLengths(at, *(max((getattr(row, name) for row in within), default=None) for name in QUEUES))
