"""The roll-ups made anew from the rows: after an upgrade from a version that had none, or once someone emptied them."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from triage_node.database import (
    DailyRow,
    Database,
    DeliveryRow,
    DeliveryState,
    OutcomeRow,
    StudyRow,
    VerdictRow,
    day_of,
    flagged_times,
)
from triage_node.statistics.rollups import (
    ALL_TIME,
    STATE,
    count,
    count_acknowledged,
    count_delivered,
    count_outcome,
    count_verdict,
    delivery_seconds,
    has_counts,
    write_counts,
)

BATCH = 1000


def recount_if_missing(database: Database) -> None:
    """Make the roll-ups if there are studies and no roll-ups."""
    with database.read() as session:
        if has_counts(session):
            return
    with database.write() as session:
        recount(session)


def recount(session: Session) -> None:
    """Replace all roll-ups by what the rows say, a batch of studies in memory at a time."""
    session.execute(delete(DailyRow))
    last = 0
    while studies := session.scalars(
        select(StudyRow).where(StudyRow.id > last).order_by(StudyRow.id).limit(BATCH)
    ).all():
        last = studies[-1].id
        by_id = {study.id: study for study in studies}
        for study in studies:
            count(session, ALL_TIME, STATE, study.state)
            count(session, day_of(study.first_received_at), "arrivals")
        _count_related(session, by_id)
        write_counts(session)
        session.expunge_all()


def _count_related(session: Session, studies: dict[int, StudyRow]) -> None:
    outcomes: dict[int, OutcomeRow] = {}
    earlier: dict[int, OutcomeRow] = {}
    for outcome in session.scalars(select(OutcomeRow).where(OutcomeRow.study_id.in_(studies)).order_by(OutcomeRow.id)):
        count_outcome(session, studies[outcome.study_id], outcome, earlier.get(outcome.study_id))
        outcomes[outcome.id] = earlier[outcome.study_id] = outcome
    for verdict in session.scalars(select(VerdictRow).where(VerdictRow.study_id.in_(studies))):
        count_verdict(session, studies[verdict.study_id], outcomes[verdict.outcome_id], verdict, by=1)
    delivered = (DeliveryRow.study_id.in_(studies), DeliveryRow.state == DeliveryState.DELIVERED)
    for delivery in session.scalars(select(DeliveryRow).where(*delivered)):
        count_delivered(session, delivery.delivered_at or delivery.created_at, delivery_seconds(delivery))
    for study_id, flagged_at in flagged_times(session, list(studies)).items():
        at = studies[study_id].acknowledged_at
        if at is not None and at >= flagged_at:
            count_acknowledged(session, at, at - flagged_at)
