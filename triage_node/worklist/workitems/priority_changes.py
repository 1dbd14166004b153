"""Priorities that servers are to be told of: one row an outcome and server, so that none is lost or told twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from triage_node.database import Database, DeliveryState, OutcomeRow, PriorityChangeRow, Rank, StudyRow, group_of
from triage_node.worklist.transitions import record

ACTOR = "workitems"


@dataclass(frozen=True)
class PriorityChange:
    """A study whose workitems shall be read first; times in seconds since 1970, ``tried_seconds`` of a steady clock."""

    id: int
    study_instance_uid: str
    patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str
    accession_number: str
    study_description: str
    first_received_at: float
    attempts: int
    tried_seconds: float


def add_priority_changes(
    session: Session, study: StudyRow, outcome: OutcomeRow, servers: Sequence[str], at: float
) -> None:
    """Have servers told that a study is to be read first, if its outcome says so; nothing is ever lowered."""
    if outcome.decision is None or group_of(outcome.decision, 0, study.withheld_types).rank is not Rank.FIRST:
        return
    for server in servers:
        row = PriorityChangeRow(study_id=study.id, outcome_id=outcome.id, server=server, created_at=at)
        row.state, row.next_attempt_at = DeliveryState.PENDING, at
        session.add(row)


class PriorityChanges:
    """Hand out what is due and write what came of it; of a study and server one after the other."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def next(self, server: str) -> PriorityChange | None:
        """Return what is due for a server, oldest first."""
        waiting = PriorityChangeRow.server == server, PriorityChangeRow.state == DeliveryState.PENDING
        # What was never tried is due, also when its time lies in the future since the clock was set back.
        due = or_(PriorityChangeRow.next_attempt_at <= self._clock(), PriorityChangeRow.attempts == 0)
        query = (
            select(PriorityChangeRow, StudyRow)
            .join(StudyRow, StudyRow.id == PriorityChangeRow.study_id)
            .where(*waiting, due, ~_is_behind())
            .order_by(PriorityChangeRow.next_attempt_at, PriorityChangeRow.id)
            .limit(1)
        )
        with self._database.read() as session:
            found = session.execute(query).first()
            return None if found is None else _change(*found)

    def done(self, change: PriorityChange, code: str, message: str) -> None:
        """Note that a server knows, or that there is nothing that it has to know."""
        self._end(change, DeliveryState.DELIVERED, code, message)

    def give_up(self, change: PriorityChange, message: str) -> None:
        """Leave it to a person."""
        self._end(change, DeliveryState.DEAD, "priority_not_raised", message)

    def retry(self, change: PriorityChange, pause_seconds: float, tried_seconds: float, error: str) -> None:
        """Try again later."""
        with self._database.write() as session:
            row = session.get_one(PriorityChangeRow, change.id)
            row.attempts += 1
            row.tried_seconds += tried_seconds
            row.next_attempt_at, row.last_error = self._clock() + pause_seconds, error

    def held_up(self, change: PriorityChange, error: str) -> None:
        """Note why a server could not be told; the change stays due, in its place."""
        with self._database.write() as session:
            session.get_one(PriorityChangeRow, change.id).last_error = error

    def _end(self, change: PriorityChange, state: DeliveryState, code: str, message: str) -> None:
        with self._database.write() as session:
            row = session.get_one(PriorityChangeRow, change.id)
            row.state, row.attempts, row.last_error = state, row.attempts + 1, ""
            words = f"{row.server}: {message}"
            record(session, row.study_id, self._clock(), actor=ACTOR, code=code, message=words)


def _is_behind() -> ColumnElement[bool]:
    earlier = aliased(PriorityChangeRow)
    return exists().where(
        earlier.study_id == PriorityChangeRow.study_id,
        earlier.server == PriorityChangeRow.server,
        earlier.id < PriorityChangeRow.id,
        earlier.state == DeliveryState.PENDING,
    )


def _change(row: PriorityChangeRow, study: StudyRow) -> PriorityChange:
    return PriorityChange(
        row.id,
        study.study_instance_uid,
        study.patient_id,
        study.patient_name,
        study.patient_birth_date,
        study.patient_sex,
        study.accession_number,
        study.study_description,
        study.first_received_at,
        row.attempts,
        row.tried_seconds,
    )
