"""What people and programs are shown of the worklist."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage_node.errors import StudyNotFound
from triage_node.worklist.database import Database
from triage_node.worklist.ranking import reading_order
from triage_node.worklist.schema import Base, DeliveryRow, EventRow, OutcomeRow, SeriesRow, StudyRow, as_dict
from triage_node.worklist.states import DeliveryState

INTERNAL = {"id", "study_id", "outcome_id", "claimed_by", "lease_until"}


class Views:
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
                .order_by(*reading_order(now, self._maximum_wait_seconds), StudyRow.id)
                .limit(limit)
            ).all()
            outcomes = _latest_outcomes(session, [study.id for study in studies])
            return [_summary(study, outcomes.get(study.id), now) for study in studies]

    def study(self, study_instance_uid: str) -> dict[str, Any]:
        """Return one study with its series, outcomes, deliveries and events.

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
                "outcomes": OutcomeRow,
                "deliveries": DeliveryRow,
                "events": EventRow,
            }
            related = {name: _related(session, table, study.id) for name, table in tables.items()}
            latest = _latest_outcomes(session, [study.id]).get(study.id)
            return _summary(study, latest, self._clock()) | related

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many studies and deliveries are in each state."""
        with self._database.read() as session:
            return {
                "studies": _count_by(session, StudyRow.state),
                "deliveries": _count_by(session, DeliveryRow.state),
            }

    def events(self, code: str) -> list[dict[str, Any]]:
        """Return the events of one code, oldest first."""
        with self._database.read() as session:
            rows = session.scalars(select(EventRow).where(EventRow.code == code).order_by(EventRow.id))
            return [_public(row) for row in rows]

    def dead_deliveries(self) -> int:
        """Return how many deliveries wait for a person."""
        with self._database.read() as session:
            dead = select(func.count()).where(DeliveryRow.state == DeliveryState.DEAD)
            return session.scalar(dead) or 0

    def is_empty(self) -> bool:
        """Tell whether the worklist knows no study at all."""
        with self._database.read() as session:
            return session.scalar(select(StudyRow.id).limit(1)) is None


def _public(row: Base) -> dict[str, Any]:
    return {key: value for key, value in as_dict(row).items() if key not in INTERNAL}


def _related(session: Session, table: type[Base], study_id: int) -> list[dict[str, Any]]:
    columns = table.__table__.columns
    rows = session.scalars(select(table).where(columns["study_id"] == study_id).order_by(columns["id"]))
    return [_public(row) for row in rows]


def _latest_outcomes(session: Session, study_ids: Sequence[int]) -> dict[int, OutcomeRow]:
    latest = select(func.max(OutcomeRow.id)).where(OutcomeRow.study_id.in_(study_ids)).group_by(OutcomeRow.study_id)
    return {row.study_id: row for row in session.scalars(select(OutcomeRow).where(OutcomeRow.id.in_(latest)))}


def _count_by(session: Session, column: Any) -> dict[str, int]:
    rows = session.execute(select(column.label("value"), func.count().label("number")).group_by(column))
    return {row.value: row.number for row in rows}


def _summary(study: StudyRow, outcome: OutcomeRow | None, now: float) -> dict[str, Any]:
    shown = _public(study)
    shown["waiting_seconds"] = round(now - study.first_received_at, 1)
    for key in ("status", "probabilities", "flagged", "uncertain", "reasons", "model"):
        shown[key] = getattr(outcome, key) if outcome is not None else None
    return shown
