"""Reports on their way: one row a destination, so that a PACS outage never repeats an analysis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage_node.errors import StudyNotFound
from triage_node.worklist.database import Database
from triage_node.worklist.moves import record
from triage_node.worklist.rollups import count_delivered
from triage_node.worklist.schema import DeliveryRow, OutcomeRow, StudyRow
from triage_node.worklist.states import DeliveryState

ACTOR = "delivery"


@dataclass(frozen=True)
class Delivery:
    """A report to be sent now; ``folder`` holds it in every SR class a peer may accept."""

    id: int
    destination: str
    sop_instance_uid: str
    folder: str
    attempts: int
    created_at: float


def add_deliveries(
    session: Session,
    study_id: int,
    outcome: OutcomeRow,
    destinations: Sequence[str],
    at: float,
    state: DeliveryState = DeliveryState.PENDING,
) -> None:
    """Put a report into the outbox once for each destination; one that is there already is not sent again."""
    if outcome.report_sop_instance_uid is None or outcome.folder is None:
        return
    for destination in destinations:
        same = select(DeliveryRow.id).where(
            DeliveryRow.destination == destination,
            DeliveryRow.sop_instance_uid == outcome.report_sop_instance_uid,
        )
        if session.scalar(same) is None:
            session.add(
                DeliveryRow(
                    study_id=study_id,
                    outcome_id=outcome.id,
                    destination=destination,
                    sop_instance_uid=outcome.report_sop_instance_uid,
                    folder=outcome.folder,
                    state=state,
                    attempts=0,
                    created_at=at,
                    next_attempt_at=at,
                )
            )


class Outbox:
    """Hand out deliveries and write what came of them."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def due(self, destination: str) -> Delivery | None:
        """Claim the next delivery for a destination, oldest first."""
        pending = (
            DeliveryRow.state == DeliveryState.PENDING,
            DeliveryRow.destination == destination,
            DeliveryRow.next_attempt_at <= self._clock(),
        )
        with self._database.read() as session:
            if session.scalar(select(DeliveryRow.id).where(*pending).limit(1)) is None:
                return None
        with self._database.write() as session:
            oldest = select(DeliveryRow).where(*pending).order_by(DeliveryRow.id).limit(1)
            row = session.scalar(oldest.with_for_update(skip_locked=True))
            if row is None:
                return None
            row.state = DeliveryState.SENDING
            row.attempts += 1
            return Delivery(row.id, destination, row.sop_instance_uid, row.folder, row.attempts, row.created_at)

    def delivered(self, delivery: Delivery, message: str) -> None:
        """Note that a destination has stored the report."""
        with self._database.write() as session:
            row = session.get_one(DeliveryRow, delivery.id)
            row.state, row.delivered_at, row.last_error = DeliveryState.DELIVERED, self._clock(), ""
            count_delivered(session, row.delivered_at, row.delivered_at - row.created_at)
            self._record(session, row, "delivered", message)

    def retry(self, delivery: Delivery, pause_seconds: float, error: str) -> None:
        """Try a delivery again later."""
        with self._database.write() as session:
            row = session.get_one(DeliveryRow, delivery.id)
            row.state, row.next_attempt_at, row.last_error = (
                DeliveryState.PENDING,
                self._clock() + pause_seconds,
                error,
            )
            self._record(session, row, "delivery_postponed", error)

    def bury(self, delivery: Delivery, error: str) -> None:
        """Give a delivery up until a person sends it again."""
        with self._database.write() as session:
            row = session.get_one(DeliveryRow, delivery.id)
            row.state, row.last_error = DeliveryState.DEAD, error
            self._record(session, row, "delivery_dead", error)

    def recover(self) -> int:
        """Put back what was being sent when the node stopped."""
        with self._database.write() as session:
            result = session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.state == DeliveryState.SENDING)
                .values(state=DeliveryState.PENDING)
                .returning(DeliveryRow.id)
            )
            return len(result.all())

    def resend(self, study_instance_uid: str, actor: str) -> int:
        """Send a study's dead and held reports again, on a person's word.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        """
        with self._database.write() as session:
            study_id = session.scalar(select(StudyRow.id).where(StudyRow.study_instance_uid == study_instance_uid))
            if study_id is None:
                raise StudyNotFound(f"The worklist has no study {study_instance_uid}.")
            rows = session.scalars(
                select(DeliveryRow).where(
                    DeliveryRow.study_id == study_id,
                    DeliveryRow.state.in_([DeliveryState.DEAD, DeliveryState.HELD]),
                )
            ).all()
            for row in rows:
                row.state, row.created_at, row.next_attempt_at = DeliveryState.PENDING, self._clock(), self._clock()
                record(session, study_id, self._clock(), actor=actor, code="resend", message=row.destination)
            return len(rows)

    def _record(self, session: Session, row: DeliveryRow, code: str, message: str) -> None:
        text = f"{row.destination}: {message}"
        record(session, row.study_id, self._clock(), actor=ACTOR, code=code, message=text)
