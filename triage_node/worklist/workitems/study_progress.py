"""How far a study is, for whoever has asked for its analysis."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import (
    Database,
    DeliveryRow,
    DeliveryState,
    InstanceRow,
    OutcomeRow,
    SeriesRow,
    StudyRow,
    latest_outcome,
)


@dataclass(frozen=True)
class ReportReference:
    """The report of an outcome, and the destinations that have it."""

    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    destinations: Sequence[str] = ()


@dataclass(frozen=True)
class StudyProgress:
    """A study, its latest outcome, and whether that one's report is still on its way.

    Times are seconds since 1970; ``words`` say the finding, or why there is none.
    """

    state: str
    claimed_at: float | None
    analyzed_at: float | None
    decision: str | None
    words: str
    report: ReportReference | None
    is_on_its_way: bool


class StudiesInProgress:
    """Look up studies by their UID."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, study_instance_uid: str) -> StudyProgress | None:
        """Return how far a study is; None when it is not here."""
        with self._database.read() as session:
            study = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))
            return None if study is None else _progress(session, study)


def _progress(session: Session, study: StudyRow) -> StudyProgress:
    outcome = latest_outcome(session, study.id)
    if outcome is None:
        return StudyProgress(study.state, study.claimed_at, None, None, "", None, is_on_its_way=False)
    of_outcome = select(DeliveryRow).where(DeliveryRow.study_id == study.id, DeliveryRow.outcome_id == outcome.id)
    deliveries = session.scalars(of_outcome.order_by(DeliveryRow.id)).all()
    return StudyProgress(
        study.state,
        study.claimed_at,
        outcome.created_at,
        outcome.decision,
        _words(outcome),
        _report(session, study, outcome, deliveries),
        any(row.state in (DeliveryState.PENDING, DeliveryState.SENDING) for row in deliveries),
    )


def _words(outcome: OutcomeRow) -> str:
    if outcome.decision is None:
        return " ".join(reason["message"] for reason in outcome.reasons)
    types = outcome.flagged or outcome.uncertain
    return outcome.decision.replace("_", " ") + (f": {', '.join(types)}" if types else "")


def _report(
    session: Session, study: StudyRow, outcome: OutcomeRow, deliveries: Sequence[DeliveryRow]
) -> ReportReference | None:
    query = (
        select(SeriesRow.series_instance_uid, InstanceRow.sop_class_uid, InstanceRow.sop_instance_uid)
        .join(InstanceRow, InstanceRow.series_id == SeriesRow.id)
        .where(InstanceRow.study_id == study.id, InstanceRow.sop_instance_uid == outcome.report_sop_instance_uid)
    )
    row = session.execute(query).first()
    if row is None:
        return None
    stored = [one.destination for one in deliveries if one.state == DeliveryState.DELIVERED]
    return ReportReference(row.series_instance_uid, row.sop_class_uid, row.sop_instance_uid, stored)
