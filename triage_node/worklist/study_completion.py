"""When is a study ready: what is announced of it, the quiet timers and the forced maximum."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from triage_node.database import Database, SeriesRow, StudyRow, StudyState, lock_studies
from triage_node.worklist.completeness import CompletenessLook, completeness_of
from triage_node.worklist.quiet_time import Stillness
from triage_node.worklist.transitions import move, record

log = logging.getLogger(__name__)

ACTOR = "assembler"
Marks = Mapping[int, float]
"""What last happened to each row, by its id: seconds since 1970."""


@dataclass(frozen=True)
class Timers:
    """Quiet times in seconds: what there is to go by when nobody says which instances a study has."""

    series_quiet_seconds: float
    study_quiet_seconds: float
    study_maximum_seconds: float


class StudyCompletion:
    """Decide which studies are ready to be analyzed.

    A study whose head CT series has been silent for the series' quiet time is ready at once: a trauma scan does not
    wait for its last series. A study of which all is here that was announced is closed at once; one of which something
    is missing is kept open. A study that is silent, or open for too long, is closed, and ready if it still waits.
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
        self._completeness = CompletenessLook()
        self._doubtful: tuple[str, ...] = ()

    def use(self, timers: Timers) -> None:
        """Go by other quiet times from now on; what was silent so far counts."""
        self._timers = timers

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The open studies that a query source is to be asked for, by UID: silent for the quiet time of a series."""
        return self._doubtful

    def advance(self) -> int:
        """Make ready and close what is due; return how many studies became ready."""
        with self._database.read() as session:
            quiet, overdue = self._due_studies(session)
            by_series = self._due_series(session)
            announced = self._completeness.look(session)
        complete = {key for key, one in announced.items() if one.is_complete}
        quiet = {key: at for key, at in quiet.items() if key not in announced or not announced[key].missing}
        if not quiet and not overdue and not by_series and not complete:
            return 0
        with self._database.write() as session:
            of_series = select(SeriesRow.study_id).where(SeriesRow.id.in_(by_series))
            due = {*quiet, *overdue, *complete}
            lock_studies(session, or_(StudyRow.id.in_(due), StudyRow.id.in_(of_series)))
            return self._close(session, quiet, overdue, complete) + self._ready_by_series(session, by_series)

    def _due_studies(self, session: Session) -> tuple[Marks, Marks]:
        """Return the open studies that have been silent, and those that have been open, for long enough."""
        columns = select(StudyRow.id, StudyRow.study_instance_uid, StudyRow.last_received_at, StudyRow.opened_at)
        # Sorted here: the database would rather walk all studies in the order of their ids than sort the open ones.
        rows = sorted(session.execute(columns.where(StudyRow.closed_at.is_(None))))
        silent = {row.id: row.last_received_at for row in rows}
        opened = {row.id: row.opened_at for row in rows}
        still = self._silent_studies.look(silent)
        doubtful = _longer(still, self._timers.series_quiet_seconds)
        self._doubtful = tuple(row.study_instance_uid for row in rows if row.id in doubtful)
        quiet = _longer(still, self._timers.study_quiet_seconds)
        overdue = _longer(self._open_studies.look(opened), self._timers.study_maximum_seconds)
        return {key: silent[key] for key in quiet}, {key: opened[key] for key in overdue}

    def _due_series(self, session: Session) -> Marks:
        """Return the head CT series that have been silent for long enough, of open studies that wait."""
        waiting = (StudyRow.state == StudyState.RECEIVING, StudyRow.closed_at.is_(None), SeriesRow.eligible)
        columns = select(SeriesRow.id, SeriesRow.last_received_at).join(StudyRow, StudyRow.id == SeriesRow.study_id)
        silent = {row.id: row.last_received_at for row in session.execute(columns.where(*waiting, _has_news()))}
        quiet = _longer(self._silent_series.look(silent), self._timers.series_quiet_seconds)
        return {key: silent[key] for key in quiet}

    def _close(self, session: Session, quiet: Marks, overdue: Marks, complete: Collection[int]) -> int:
        now, ready = self._clock(), 0
        due = StudyRow.id.in_({*quiet, *overdue, *complete}), StudyRow.closed_at.is_(None)
        for study in session.scalars(select(StudyRow).where(*due).order_by(StudyRow.id)):
            is_quiet = quiet.get(study.id) == study.last_received_at
            is_overdue = overdue.get(study.id) == study.opened_at
            why = _reason(session, study, is_quiet, is_overdue)
            if why is None:
                continue  # more came, or was announced, between the look and now
            code, message = why
            study.closed_at = now
            log.info("study_closed study_instance_uid=%s why=%s said=%r", study.study_instance_uid, code, message)
            if study.state == StudyState.RECEIVING:
                move(session, study, StudyState.READY, now, actor=ACTOR, code=code, message=message)
                ready += 1
            else:
                record(session, study.id, now, actor=ACTOR, code=code, message=message or "the study is complete")
        return ready

    def _ready_by_series(self, session: Session, quiet: Marks) -> int:
        waiting = (StudyRow.state == StudyState.RECEIVING, StudyRow.closed_at.is_(None), _has_news())
        series = select(SeriesRow).join(StudyRow, StudyRow.id == SeriesRow.study_id).where(SeriesRow.id.in_(quiet))
        still = [one for one in session.scalars(series.where(*waiting)) if one.last_received_at == quiet[one.id]]
        due = session.scalars(select(StudyRow).where(StudyRow.id.in_({one.study_id for one in still}))).all()
        for study in due:
            move(session, study, StudyState.READY, self._clock(), actor=ACTOR, code="series_quiet")
        return len(due)


def _reason(session: Session, study: StudyRow, is_quiet: bool, is_overdue: bool) -> tuple[str, str] | None:
    """Return why a study is to be closed, as code and message; None when it is not."""
    announced = completeness_of(session, study)
    if announced is not None and announced.is_complete:
        return "study_complete", announced.words
    missing = announced.missing if announced is not None else 0
    if is_quiet and not missing:
        return "study_quiet", ""
    if is_overdue:
        return "study_maximum", announced.words if announced is not None and missing else ""
    return None


def _longer(seconds: Mapping[int, float], least: float) -> set[int]:
    return {key for key, still in seconds.items() if still >= least}


def _has_news() -> ColumnElement[bool]:
    return or_(StudyRow.analyzed_revision.is_(None), StudyRow.analyzed_revision != StudyRow.revision)
