"""When is a study ready: the quiet timers and the forced maximum."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from triage_node.database import Database, SeriesRow, StudyRow, StudyState
from triage_node.worklist.quiet_time import Stillness
from triage_node.worklist.transitions import move, record

ACTOR = "assembler"
Marks = Mapping[int, float]
"""What last happened to each row, by its id: seconds since 1970."""


@dataclass(frozen=True)
class Timers:
    """Quiet times in seconds; no open system knows a better sign that a study is complete."""

    series_quiet_seconds: float
    study_quiet_seconds: float
    study_maximum_seconds: float


class StudyCompletion:
    """Decide which studies are ready to be analyzed.

    A study whose head CT series has been silent for the series' quiet time is ready at once: a trauma scan does not
    wait for its last series. A study that is silent, or open for too long, is closed, and ready if it still waits.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float], timers: Timers, steady: Callable[[], float]
    ) -> None:
        self._database = database
        self._clock = clock
        self._timers = timers
        self._open_studies: Stillness[int] = Stillness(clock, steady)
        self._silent_studies: Stillness[int] = Stillness(clock, steady)
        self._silent_series: Stillness[int] = Stillness(clock, steady)

    def advance(self) -> int:
        """Make ready and close what is due; return how many studies became ready."""
        with self._database.read() as session:
            quiet, overdue = self._due_studies(session)
            by_series = self._due_series(session)
        if not quiet and not overdue and not by_series:
            return 0
        with self._database.write() as session:
            return self._close(session, quiet, overdue) + self._ready_by_series(session, by_series)

    def _due_studies(self, session: Session) -> tuple[Marks, Marks]:
        """Return the open studies that have been silent, and those that have been open, for long enough."""
        columns = select(StudyRow.id, StudyRow.last_received_at, StudyRow.opened_at).where(StudyRow.closed_at.is_(None))
        rows = session.execute(columns).all()
        silent = {row.id: row.last_received_at for row in rows}
        opened = {row.id: row.opened_at for row in rows}
        quiet = _longer(self._silent_studies.look(silent), self._timers.study_quiet_seconds)
        overdue = _longer(self._open_studies.look(opened), self._timers.study_maximum_seconds)
        return {key: silent[key] for key in quiet}, {key: opened[key] for key in overdue}

    def _due_series(self, session: Session) -> Marks:
        """Return the head CT series that have been silent for long enough, of open studies that wait."""
        waiting = (StudyRow.state == StudyState.RECEIVING, StudyRow.closed_at.is_(None), SeriesRow.eligible)
        columns = select(SeriesRow.id, SeriesRow.last_received_at).join(StudyRow, StudyRow.id == SeriesRow.study_id)
        silent = {row.id: row.last_received_at for row in session.execute(columns.where(*waiting, _has_news()))}
        quiet = _longer(self._silent_series.look(silent), self._timers.series_quiet_seconds)
        return {key: silent[key] for key in quiet}

    def _close(self, session: Session, quiet: Marks, overdue: Marks) -> int:
        now, ready = self._clock(), 0
        due = StudyRow.id.in_({*quiet, *overdue}), StudyRow.closed_at.is_(None)
        for study in session.scalars(select(StudyRow).where(*due).order_by(StudyRow.id)):
            is_quiet = quiet.get(study.id) == study.last_received_at
            if not is_quiet and overdue.get(study.id) != study.opened_at:
                continue  # more came between the look and now
            study.closed_at = now
            code = "study_quiet" if is_quiet else "study_maximum"
            if study.state == StudyState.RECEIVING:
                move(session, study, StudyState.READY, now, actor=ACTOR, code=code)
                ready += 1
            else:
                record(session, study.id, now, actor=ACTOR, code=code, message="the study is complete")
        return ready

    def _ready_by_series(self, session: Session, quiet: Marks) -> int:
        waiting = (StudyRow.state == StudyState.RECEIVING, StudyRow.closed_at.is_(None), _has_news())
        series = select(SeriesRow).join(StudyRow, StudyRow.id == SeriesRow.study_id).where(SeriesRow.id.in_(quiet))
        still = [one for one in session.scalars(series.where(*waiting)) if one.last_received_at == quiet[one.id]]
        due = session.scalars(select(StudyRow).where(StudyRow.id.in_({one.study_id for one in still}))).all()
        for study in due:
            move(session, study, StudyState.READY, self._clock(), actor=ACTOR, code="series_quiet")
        return len(due)


def _longer(seconds: Mapping[int, float], least: float) -> set[int]:
    return {key for key, still in seconds.items() if still >= least}


def _has_news() -> ColumnElement[bool]:
    return or_(StudyRow.analyzed_revision.is_(None), StudyRow.analyzed_revision != StudyRow.revision)
