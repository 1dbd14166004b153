"""How each destination's reports stand."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage_node.database import Database, DeliveryRow, DeliveryState, StudyRow
from triage_node.worklist.read_models import StudyDelivery, made_from

WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)
PENDING = (DeliveryState.PENDING,)
UNDELIVERED = (*WAITING, DeliveryState.SCHEDULED, DeliveryState.DEAD, DeliveryState.HELD)


@dataclass(frozen=True)
class DestinationState:
    """The reports of one destination that have not arrived, and the last one that did.

    ``scheduled`` are those that wait for the end of quiet hours or for an acknowledgement; ``waiting_seconds`` is for
    how long the oldest report on its way could have been sent; ``last_error`` what was said when the next one was
    last tried, or when the last one was given up; ``next_attempt_at`` when the next one is due, in seconds since 1970.
    """

    destination: str
    waiting: int
    dead: int
    held: int
    waiting_seconds: float | None
    last_delivered_at: float | None
    last_error: str
    scheduled: int = 0
    next_attempt_at: float | None = None


class OutboxState:
    """Read models of the outbox; each is answered from the index by state and destination."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def destinations(self, names: tuple[str, ...]) -> list[DestinationState]:
        """Return the state of some destinations, and of others that still have undelivered reports."""
        with self._database.read() as session:
            numbers = _numbers(session)
            others = sorted(set(numbers) - set(names))
            return [self._state(session, name, numbers[name]) for name in (*names, *others)]

    def deliveries(self, state: DeliveryState, destination: str | None, limit: int) -> list[StudyDelivery]:
        """Return the reports in a state, for all destinations or one, the latest first."""
        query = select(DeliveryRow, StudyRow.study_instance_uid).join(StudyRow, StudyRow.id == DeliveryRow.study_id)
        query = query.where(DeliveryRow.state == state)
        if destination is not None:
            query = query.where(DeliveryRow.destination == destination)
        with self._database.read() as session:
            rows = session.execute(query.order_by(DeliveryRow.id.desc()).limit(limit))
            return [made_from(StudyDelivery, row, study_instance_uid=uid) for row, uid in rows]

    def _state(self, session: Session, name: str, numbers: dict[str, int]) -> DestinationState:
        since = func.min(DeliveryRow.created_at + DeliveryRow.scheduled_seconds)
        oldest = session.scalar(select(since).where(*_of(name, *WAITING)))
        return DestinationState(
            destination=name,
            waiting=sum(numbers.get(state, 0) for state in WAITING),
            dead=numbers.get(DeliveryState.DEAD, 0),
            held=numbers.get(DeliveryState.HELD, 0),
            waiting_seconds=None if oldest is None else max(0.0, self._clock() - oldest),
            last_delivered_at=_latest(session, DeliveryRow.delivered_at, name, DeliveryState.DELIVERED),
            last_error=_last_error(session, name),
            scheduled=numbers.get(DeliveryState.SCHEDULED, 0),
            next_attempt_at=session.scalar(select(func.min(DeliveryRow.next_attempt_at)).where(*_of(name, *PENDING))),
        )


def _numbers(session: Session) -> dict[str, dict[str, int]]:
    rows = session.execute(
        select(DeliveryRow.destination, DeliveryRow.state, func.count())
        .where(DeliveryRow.state.in_(UNDELIVERED))
        .group_by(DeliveryRow.destination, DeliveryRow.state)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for destination, state, number in rows:
        found[destination][state] = number
    return found


def _last_error(session: Session, name: str) -> str:
    for state in (DeliveryState.PENDING, DeliveryState.DEAD):
        if error := _latest(session, DeliveryRow.last_error, name, state):
            return str(error)
    return ""


def _latest(session: Session, column: Any, name: str, state: DeliveryState) -> Any:
    """Return a column of the report whose last try was the latest one, as far as the index knows."""
    query = select(column).where(*_of(name, state)).order_by(DeliveryRow.next_attempt_at.desc()).limit(1)
    return session.scalar(query)


def _of(name: str, *states: DeliveryState) -> tuple[Any, Any]:
    return DeliveryRow.state.in_(states), DeliveryRow.destination == name
