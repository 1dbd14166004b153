"""What people and programs are shown of the worklist."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage_node.database import (
    Base,
    CommentRow,
    Database,
    DeliveryRow,
    DeliveryState,
    EventRow,
    OutcomeRow,
    SeriesRow,
    StudyRow,
    in_reading_order,
)
from triage_node.errors import StudyNotFound
from triage_node.statistics import delivery_counts, state_counts
from triage_node.worklist.study_summary import public, summaries, verdicts_of


class StudyDetails:
    """Read models; every answer is made of plain values, ready for JSON."""

    def __init__(self, database: Database, clock: Callable[[], float], maximum_wait_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._maximum_wait_seconds = maximum_wait_seconds

    def worklist(self, since_hours: float = 24.0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the studies received in the last hours, in reading order, each with its latest outcome."""
        now = self._clock()
        with self._database.read() as session:
            studies = session.scalars(
                select(StudyRow)
                .where(StudyRow.first_received_at >= now - since_hours * 3600)
                .order_by(*in_reading_order(now, self._maximum_wait_seconds), StudyRow.id)
                .limit(limit)
            ).all()
            return summaries(session, studies, now, self._maximum_wait_seconds)

    def study(self, study_instance_uid: str) -> dict[str, Any]:
        """Return one study with its series, outcomes, deliveries, events and comments.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        """
        with self._database.read() as session:
            study = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))
            if study is None:
                raise StudyNotFound(f"The worklist has no study {study_instance_uid}.")
            tables: dict[str, type[Base]] = {
                "series": SeriesRow,
                "deliveries": DeliveryRow,
                "events": EventRow,
                "comments": CommentRow,
            }
            related = {name: _related(session, table, study.id) for name, table in tables.items()}
            [summary] = summaries(session, [study], self._clock(), self._maximum_wait_seconds)
            related["series"] = [one for one in related["series"] if not one.pop("is_result")]
            return summary | related | {"outcomes": _outcomes(session, study.id)}

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many studies and deliveries are in each state."""
        with self._database.read() as session:
            return {
                "studies": state_counts(session),
                "deliveries": delivery_counts(session),
            }

    def events(self, code: str) -> list[dict[str, Any]]:
        """Return the events of one code, oldest first."""
        with self._database.read() as session:
            rows = session.scalars(select(EventRow).where(EventRow.code == code).order_by(EventRow.id))
            return [public(row) for row in rows]

    def dead_deliveries(self) -> int:
        """Return how many deliveries wait for a person."""
        with self._database.read() as session:
            dead = select(func.count()).where(DeliveryRow.state == DeliveryState.DEAD)
            return session.scalar(dead) or 0

    def is_empty(self) -> bool:
        """Tell whether the worklist knows no study at all."""
        with self._database.read() as session:
            return session.scalar(select(StudyRow.id).limit(1)) is None


def _related(session: Session, table: type[Base], study_id: int) -> list[dict[str, Any]]:
    columns = table.__table__.columns
    rows = session.scalars(select(table).where(columns["study_id"] == study_id).order_by(columns["id"]))
    return [public(row) for row in rows]


def _outcomes(session: Session, study_id: int) -> list[dict[str, Any]]:
    rows = session.scalars(select(OutcomeRow).where(OutcomeRow.study_id == study_id).order_by(OutcomeRow.id)).all()
    verdicts = verdicts_of(session, [row.id for row in rows])
    return [public(row) | {"verdict": verdicts.get(row.id)} for row in rows]
