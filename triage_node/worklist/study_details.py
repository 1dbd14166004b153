"""What people and programs are shown of one study."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, func, select
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
from triage_node.errors import InvalidInput, StudyNotFound
from triage_node.statistics import state_counts
from triage_node.worklist.read_models import (
    Comment,
    Event,
    PatientIdentity,
    ReportDelivery,
    Series,
    Study,
    StudyOutcome,
    StudySummary,
    made_from,
    reasons_of,
)
from triage_node.worklist.study_summary import summaries, verdicts_of

Model = TypeVar("Model")
MOST_NAMED = 5


class StudyDetails:
    """Read one study, and the few numbers and events that the node itself asks for."""

    def __init__(self, database: Database, clock: Callable[[], float], maximum_wait_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._maximum_wait_seconds = maximum_wait_seconds

    def worklist(self, since_hours: float = 24.0, limit: int = 1000) -> list[StudySummary]:
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

    def study(self, study_instance_uid: str) -> Study:
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
            [summary] = summaries(session, [study], self._clock(), self._maximum_wait_seconds)
            return made_from(
                Study,
                summary,
                series=_series(session, study.id),
                deliveries=_related(session, ReportDelivery, DeliveryRow, study.id),
                events=_related(session, Event, EventRow, study.id),
                comments=_related(session, Comment, CommentRow, study.id),
                outcomes=_outcomes(session, study.id),
            )

    def uid_of(self, reference: str) -> str:
        """Return the Study Instance UID that a person means: by itself, its beginning, or the accession number.

        Raises
        ------
        StudyNotFound
            No study is meant.
        InvalidInput
            Several are.
        """
        with self._database.read() as session:
            for condition in _meanings(reference):
                query = select(StudyRow.study_instance_uid).where(condition).order_by(StudyRow.id.desc())
                found = list(session.scalars(query.limit(MOST_NAMED + 1)))
                if len(found) == 1:
                    return found[0]
                if found:
                    more = " and others" if len(found) > MOST_NAMED else ""
                    named = ", ".join(found[:MOST_NAMED])
                    raise InvalidInput(f"{reference[:64]!r} may mean several studies: {named}{more}. Name the one.")
        raise StudyNotFound(f"The worklist has no study {reference[:64]}.")

    def studies_by_state(self) -> Mapping[str, int]:
        """Return how many studies are in each state."""
        with self._database.read() as session:
            return state_counts(session)

    def events(self, code: str) -> list[Event]:
        """Return the events of one code, oldest first."""
        with self._database.read() as session:
            rows = session.scalars(select(EventRow).where(EventRow.code == code).order_by(EventRow.id))
            return [made_from(Event, row) for row in rows]

    def named(self, study_instance_uids: Collection[str]) -> dict[str, PatientIdentity]:
        """Return whose the studies are that the worklist knows, by UID."""
        columns = StudyRow.study_instance_uid, StudyRow.patient_name, StudyRow.patient_id, StudyRow.accession_number
        wanted = select(*columns).where(StudyRow.study_instance_uid.in_(study_instance_uids))
        with self._database.read() as session:
            return {uid: PatientIdentity(*values) for uid, *values in session.execute(wanted)}

    def dead_deliveries(self) -> int:
        """Return how many deliveries wait for a person."""
        with self._database.read() as session:
            dead = select(func.count()).where(DeliveryRow.state == DeliveryState.DEAD)
            return session.scalar(dead) or 0

    def is_empty(self) -> bool:
        """Tell whether the worklist knows no study at all."""
        with self._database.read() as session:
            return session.scalar(select(StudyRow.id).limit(1)) is None


def _meanings(reference: str) -> Iterator[ColumnElement[bool]]:
    """Yield what a reference may be, the surest first."""
    yield StudyRow.study_instance_uid == reference
    if reference:
        yield StudyRow.accession_number == reference
    if re.fullmatch(r"[0-9][0-9.]{3,63}", reference):
        after_digits = chr(ord("9") + 1)
        yield and_(StudyRow.study_instance_uid > reference, StudyRow.study_instance_uid < reference + after_digits)


def _related(session: Session, kind: type[Model], table: type[Base], study_id: int) -> list[Model]:
    columns = table.__table__.columns
    rows = session.scalars(select(table).where(columns["study_id"] == study_id).order_by(columns["id"]))
    return [made_from(kind, row) for row in rows]


def _series(session: Session, study_id: int) -> list[Series]:
    received = select(SeriesRow).where(SeriesRow.study_id == study_id, SeriesRow.is_result.is_(False))
    return [made_from(Series, row) for row in session.scalars(received.order_by(SeriesRow.id))]


def _outcomes(session: Session, study_id: int) -> list[StudyOutcome]:
    rows = session.scalars(select(OutcomeRow).where(OutcomeRow.study_id == study_id).order_by(OutcomeRow.id)).all()
    verdicts = verdicts_of(session, [row.id for row in rows])
    return [made_from(StudyOutcome, row, reasons=reasons_of(row.reasons), verdict=verdicts.get(row.id)) for row in rows]
