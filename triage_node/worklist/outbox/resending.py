"""Reports that are sent again, on a person's word."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import Channel, Database, DeliveryRow, DeliveryState, StudyRow, day_of, notify
from triage_node.errors import IllegalMove, InvalidInput, StudyNotFound
from triage_node.worklist.commitment.requests import forget_commitment
from triage_node.worklist.transitions import record

RESENT = (DeliveryState.DEAD, DeliveryState.DELIVERED, DeliveryState.HELD, DeliveryState.CANCELED)
"""What is not on its way may be sent again, the same bytes."""
UNDELIVERED = (DeliveryState.DEAD, DeliveryState.HELD)


class Resending:
    """Have reports of a study sent as if they were new; each leaves an event with the person's name."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def resend(self, study_instance_uid: str, actor: str) -> int:
        """Send a study's dead and held reports again and return how many those are.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        IllegalMove
            Its reports were deleted.
        """
        with self._database.write() as session:
            rows = [row for row in _deliveries(session, study_instance_uid) if row.state in UNDELIVERED]
            begin_anew(session, rows, actor, self._clock())
            return len(rows)

    def resend_one(self, study_instance_uid: str, destination: str, sop_instance_uid: str, actor: str) -> None:
        """Send one report again, delivered or not.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        InvalidInput
            The study has no such delivery.
        IllegalMove
            The report is on its way, or was deleted.
        """
        with self._database.write() as session:
            rows = [
                row
                for row in _deliveries(session, study_instance_uid)
                if (row.destination, row.sop_instance_uid) == (destination, sop_instance_uid)
            ]
            if not rows:
                raise InvalidInput("The study has no such delivery.")
            if rows[0].state not in RESENT:
                raise IllegalMove("The report is on its way already.")
            begin_anew(session, rows, actor, self._clock())

    def resend_all(self, destination: str, actor: str, state: DeliveryState = DeliveryState.DEAD) -> int:
        """Send all dead, or all held, reports of a destination again, the oldest first; return how many those are."""
        waiting = (DeliveryRow.destination == destination, DeliveryRow.state == state)
        with self._database.write() as session:
            rows = session.scalars(select(DeliveryRow).where(*waiting).order_by(DeliveryRow.id).with_for_update()).all()
            begin_anew(session, rows, actor, self._clock())
            return len(rows)


def begin_anew(session: Session, rows: Sequence[DeliveryRow], actor: str, at: float) -> None:
    """Have reports sent as if they were new."""
    for row in rows:
        row.state, row.attempts, row.tried_seconds, row.last_error = DeliveryState.PENDING, 0, 0.0, ""
        row.created_at = row.next_attempt_at = at
        row.postponed_event_id, row.scheduled_seconds = None, 0.0
        row.escalation = False  # who sends it again wants it told, acknowledged or not
        forget_commitment(row)
        notify(session, Channel.DELIVERIES)
        record(session, row.study_id, at, actor=actor, code="resend", message=row.destination)


def _deliveries(session: Session, study_instance_uid: str) -> Sequence[DeliveryRow]:
    is_it = StudyRow.study_instance_uid == study_instance_uid
    # Locked, so that its results are not deleted between the look and the end.
    study = session.scalar(select(StudyRow).where(is_it).with_for_update())
    if study is None:
        raise StudyNotFound(f"The worklist has no study {study_instance_uid}.")
    if study.results_deleted_at is not None:
        raise IllegalMove(f"The reports of the study were deleted on {day_of(study.results_deleted_at)}.")
    return session.scalars(select(DeliveryRow).where(DeliveryRow.study_id == study.id).with_for_update()).all()
