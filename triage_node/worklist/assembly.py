"""When is a study ready: the quiet timers and the forced maximum."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from triage_node.worklist.database import Database
from triage_node.worklist.moves import move, record
from triage_node.worklist.schema import SeriesRow, StudyRow
from triage_node.worklist.states import StudyState

ACTOR = "assembler"


@dataclass(frozen=True)
class Timers:
    """Quiet times in seconds; no open system knows a better sign that a study is complete."""

    series_quiet_seconds: float
    study_quiet_seconds: float
    study_maximum_seconds: float


class Assembly:
    """Decide which studies are ready to be analyzed.

    A study whose head CT series has been silent for the series' quiet time is ready at once: a trauma scan does not
    wait for its last series. A study that is silent, or open for too long, is closed, and ready if it still waits.
    """

    def __init__(self, database: Database, clock: Callable[[], float], timers: Timers) -> None:
        self._database = database
        self._clock = clock
        self._timers = timers

    def advance(self) -> int:
        """Make ready and close what is due; return how many studies became ready."""
        if not self._anything_open():
            return 0
        with self._database.write() as session:
            return self._close_due(session) + self._ready_by_series(session)

    def _anything_open(self) -> bool:
        with self._database.read() as session:
            return bool(session.scalar(select(exists().where(StudyRow.closed_at.is_(None)))))

    def _close_due(self, session: Session) -> int:
        now = self._clock()
        quiet = StudyRow.last_received_at <= now - self._timers.study_quiet_seconds
        overdue = StudyRow.opened_at <= now - self._timers.study_maximum_seconds
        due = session.scalars(select(StudyRow).where(StudyRow.closed_at.is_(None), or_(quiet, overdue))).all()
        ready = 0
        for study in due:
            study.closed_at = now
            is_quiet = study.last_received_at <= now - self._timers.study_quiet_seconds
            code = "study_quiet" if is_quiet else "study_maximum"
            if study.state == StudyState.RECEIVING:
                move(session, study, StudyState.READY, now, actor=ACTOR, code=code)
                ready += 1
            else:
                record(session, study.id, now, actor=ACTOR, code=code, message="the study is complete")
        return ready

    def _ready_by_series(self, session: Session) -> int:
        quiet_series = exists().where(
            SeriesRow.study_id == StudyRow.id,
            SeriesRow.eligible,
            SeriesRow.last_received_at <= self._clock() - self._timers.series_quiet_seconds,
        )
        has_news = or_(StudyRow.analyzed_revision.is_(None), StudyRow.analyzed_revision != StudyRow.revision)
        waiting = (StudyRow.state == StudyState.RECEIVING, StudyRow.closed_at.is_(None))
        due = session.scalars(select(StudyRow).where(*waiting, has_news, quiet_series)).all()
        for study in due:
            move(session, study, StudyState.READY, self._clock(), actor=ACTOR, code="series_quiet")
        return len(due)
