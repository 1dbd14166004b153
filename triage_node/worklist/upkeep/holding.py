"""What a restored worklist believes is still to be done may have been done since: it is held for a person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from triage_node.database import (
    DONE,
    Database,
    DeliveryRow,
    DeliveryState,
    PriorityChangeRow,
    SessionRow,
    StudyRow,
    StudyState,
    WaitsFor,
)
from triage_node.worklist.transitions import record, restore

ACTOR = "restore"
UNDELIVERED = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SCHEDULED)
AT_ONCE = 500


@dataclass(frozen=True)
class Held:
    """How many open studies and reports wait for a person."""

    studies: int
    reports: int


class Holding:
    """Hold everything that a node would go on with by itself."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def hold_all(self, made: str) -> Held:
        """Hold open studies and undelivered reports; end sessions, and leave priorities to a person.

        It can be repeated: what is held already stays so.

        Parameters
        ----------
        made
            When the backup was made, in words.
        """
        message = f"from a backup of {made}: whatever was open may have been done since"
        reports = self._hold_reports(message)
        studies = self._hold_studies(message)
        with self._database.write() as session:
            session.execute(delete(SessionRow))
            waiting = PriorityChangeRow.state == DeliveryState.PENDING
            session.execute(update(PriorityChangeRow).where(waiting).values(state=DeliveryState.HELD))
            words = f"{studies} open studies and {reports} reports are held"
            record(session, None, self._clock(), actor=ACTOR, code="restored", message=f"{message}; {words}")
            return Held(*_counted(session))

    def _hold_reports(self, message: str) -> int:
        return self._in_parts(select(DeliveryRow).where(DeliveryRow.state.in_(UNDELIVERED)), self._hold_report, message)

    def _hold_studies(self, message: str) -> int:
        is_open = (StudyRow.state.not_in(DONE), ~StudyRow.held)
        return self._in_parts(select(StudyRow).where(*is_open), self._hold_study, message)

    def _in_parts(self, query: Select[Any], hold: Callable[[Session, Any, str], None], message: str) -> int:
        """Hold many rows in short transactions; return how many those were."""
        number = 0
        while True:
            with self._database.write() as session:
                rows = session.scalars(query.limit(AT_ONCE)).all()
                for row in rows:
                    hold(session, row, message)
            if not rows:
                return number
            number += len(rows)

    def _hold_report(self, session: Session, row: DeliveryRow, message: str) -> None:
        row.state, row.waits_for, row.claimed_by = DeliveryState.HELD, WaitsFor.NOTHING, None
        words = f"{row.destination}: {message}"
        record(session, row.study_id, self._clock(), actor=ACTOR, code="delivery_held", message=words)

    def _hold_study(self, session: Session, row: StudyRow, message: str) -> None:
        row.claimed_by = row.lease_until = None
        restore(session, row, StudyState.RECEIVING, self._clock(), actor=ACTOR, message=message)


def _counted(session: Session) -> tuple[int, int]:
    studies = select(func.count()).select_from(StudyRow).where(StudyRow.held)
    reports = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.state == DeliveryState.HELD)
    return session.scalar(studies) or 0, session.scalar(reports) or 0
