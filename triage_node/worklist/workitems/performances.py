"""Workitems that the node performs, its own and those of servers: how far each is, across restarts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from triage_node.database import Database, PerformanceRow, StudyRow, storable
from triage_node.worklist.transitions import record

ACTOR = "workitems"
KEPT_SECONDS = 48 * 3600.0
CLAIM_AGAIN_SECONDS = 300.0
"""A claim that was refused is tried again if the workitem is still offered after so long."""


class Step(StrEnum):
    """How far a workitem is: ``LOST`` is one that another claimed, ``DROPPED`` one that ended without the node."""

    CLAIMING = "claiming"
    PERFORMING = "performing"
    COMPLETING = "completing"
    CANCELING = "canceling"
    COMPLETED = "completed"
    CANCELED = "canceled"
    LOST = "lost"
    DROPPED = "dropped"


OPEN = (Step.CLAIMING, Step.PERFORMING, Step.COMPLETING, Step.CANCELING)
ENDED = (Step.COMPLETED, Step.CANCELED, Step.DROPPED)
OFFERED_AGAIN = (Step.LOST, Step.DROPPED)


@dataclass(frozen=True)
class Performance:
    """A workitem under way; see `PerformanceRow`."""

    id: int
    server: str
    workitem_uid: str
    transaction_uid: str
    step: Step
    study_instance_uid: str
    told: str
    reason: str
    reason_code: str
    attempts: int
    waited_seconds: float
    began_at: float


class Performances:
    """Keep what is claimed, before it is claimed, until it has ended."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, server: str, workitem_uid: str, transaction_uid: str) -> Performance | None:
        """Note that a workitem is about to be claimed; None when it is under way or ended already."""
        with self._database.write() as session:
            row = _row(session, server, workitem_uid)
            if row is not None and not self._may_begin_again(row):
                return None
            if row is None:
                row = PerformanceRow(server=server, workitem_uid=workitem_uid, study_instance_uid="")
                session.add(row)
            row.transaction_uid, row.step, row.told, row.reason, row.reason_code = (
                transaction_uid,
                Step.CLAIMING,
                "",
                "",
                "",
            )
            row.attempts, row.waited_seconds = 0, 0.0
            row.began_at = row.changed_at = self._clock()
            session.flush()
            self._forget(session)
            return _performance(row)

    def open(self, server: str) -> list[Performance]:
        """Return what is under way of a server, oldest first."""
        query = select(PerformanceRow).where(PerformanceRow.server == server, PerformanceRow.step.in_(OPEN))
        with self._database.read() as session:
            return [_performance(row) for row in session.scalars(query.order_by(PerformanceRow.id))]

    def get(self, server: str, workitem_uid: str) -> Performance | None:
        """Return what is known of a workitem; None when it was never about to be claimed, or long ago."""
        with self._database.read() as session:
            row = _row(session, server, workitem_uid)
            return None if row is None else _performance(row)

    def try_again(self, performance: Performance) -> None:
        """Count a try that failed."""
        with self._database.write() as session:
            session.get_one(PerformanceRow, performance.id).attempts += 1

    def move(self, performance: Performance, step: Step, message: str = "", code: str = "") -> Performance:
        """Note how far it is; if it has ended, the study gets an event.

        Parameters
        ----------
        message, code
            Why it is canceled, and its code value of PS3.16 CID 9300.
        """
        with self._database.write() as session:
            row = session.get_one(PerformanceRow, performance.id)
            row.step, row.attempts, row.changed_at = step, 0, self._clock()
            if step is Step.CANCELING:
                row.reason, row.reason_code = storable(message), code
            if step in ENDED:
                words = f"{row.server or 'pushed'}: {row.workitem_uid}" + (f": {message}" if message else "")
                _record(session, row.study_instance_uid, self._clock(), f"workitem_{step}", words)
            return _performance(row)

    def found(self, performance: Performance, study_instance_uid: str) -> None:
        """Note which study it is about."""
        with self._database.write() as session:
            row = session.get_one(PerformanceRow, performance.id)
            row.study_instance_uid = study_instance_uid

    def told(self, performance: Performance, progress: str) -> None:
        """Note the progress that the server was told of."""
        with self._database.write() as session:
            session.get_one(PerformanceRow, performance.id).told = progress

    def waited(self, performance: Performance, seconds: float) -> float:
        """Count for how much longer the study has not been here, and return for how long in all."""
        with self._database.write() as session:
            row = session.get_one(PerformanceRow, performance.id)
            row.waited_seconds += seconds
            return row.waited_seconds

    def expedite(self, study_instance_uid: str, words: str) -> bool:
        """Have a study analyzed before those that are not urgent; False when it is urgent already, or not here."""
        is_it = StudyRow.study_instance_uid == study_instance_uid
        with self._database.read() as session:
            if session.scalar(select(StudyRow.priority).where(is_it)) != 0:
                return False
        with self._database.write() as session:
            study = session.scalar(select(StudyRow).where(is_it).with_for_update())
            if study is None or study.priority > 0:
                return False
            study.priority = 1
            record(session, study.id, self._clock(), actor=ACTOR, code="expedited", message=words)
            return True

    def _may_begin_again(self, row: PerformanceRow) -> bool:
        return row.step in OFFERED_AGAIN and self._clock() - row.changed_at > CLAIM_AGAIN_SECONDS

    def _forget(self, session: Session) -> None:
        old = PerformanceRow.step.not_in(OPEN), PerformanceRow.changed_at < self._clock() - KEPT_SECONDS
        session.execute(delete(PerformanceRow).where(*old))


def _row(session: Session, server: str, workitem_uid: str) -> PerformanceRow | None:
    is_it = PerformanceRow.server == server, PerformanceRow.workitem_uid == workitem_uid
    return session.scalar(select(PerformanceRow).where(*is_it))


def _performance(row: PerformanceRow) -> Performance:
    return Performance(
        row.id,
        row.server,
        row.workitem_uid,
        row.transaction_uid,
        Step(row.step),
        row.study_instance_uid,
        row.told,
        row.reason,
        row.reason_code,
        row.attempts,
        row.waited_seconds,
        row.began_at,
    )


def _record(session: Session, study_instance_uid: str, at: float, code: str, message: str) -> None:
    study_id = session.scalar(select(StudyRow.id).where(StudyRow.study_instance_uid == study_instance_uid))
    if study_id is not None:
        record(session, study_id, at, actor=ACTOR, code=code, message=message)
