"""The latest outcome of a study: the one that is shown, judged and counted."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage_node.database.tables.schema import OutcomeRow
from triage_node.findings import Decision


def latest_outcome(session: Session, study_id: int) -> OutcomeRow | None:
    """Return the latest outcome of a study."""
    return session.scalar(
        select(OutcomeRow).where(OutcomeRow.study_id == study_id).order_by(OutcomeRow.id.desc()).limit(1)
    )


def latest_outcomes(session: Session, study_ids: Sequence[int]) -> dict[int, OutcomeRow]:
    """Return the latest outcome of each study that has one, by the study's id."""
    latest = select(func.max(OutcomeRow.id)).where(OutcomeRow.study_id.in_(study_ids)).group_by(OutcomeRow.study_id)
    return {row.study_id: row for row in session.scalars(select(OutcomeRow).where(OutcomeRow.id.in_(latest)))}


def flagged_times(session: Session, study_ids: Sequence[int]) -> dict[int, float]:
    """Return when each study was flagged first, of those that were, by the study's id."""
    flagged = (OutcomeRow.study_id.in_(study_ids), OutcomeRow.decision == Decision.FLAGGED)
    first = select(OutcomeRow.study_id, func.min(OutcomeRow.created_at)).where(*flagged).group_by(OutcomeRow.study_id)
    return {row[0]: row[1] for row in session.execute(first)}
