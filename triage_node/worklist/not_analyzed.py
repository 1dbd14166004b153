"""Studies by why they were not analyzed: a row a reason, of the latest outcome only."""

from sqlalchemy import ColumnElement, Select, delete, exists, insert, select, tuple_
from sqlalchemy.orm import Session

from triage_node.database import OutcomeRow, ReasonRow, StudyRow


def write_reasons(session: Session, study: StudyRow, outcome: OutcomeRow) -> None:
    """Replace a study's reasons by those of its new outcome."""
    session.execute(delete(ReasonRow).where(ReasonRow.study_id == study.id))
    if outcome.decision is not None:
        return
    codes = sorted({reason["code"] for reason in outcome.reasons})
    rows = [{"code": code, "first_received_at": study.first_received_at, "study_id": study.id} for code in codes]
    if rows:
        session.execute(insert(ReasonRow), rows)


def of_reason(code: str, start: float | None, end: float | None, after: tuple[float, ...] | None) -> Select[StudyRow]:
    """Return the query for a reason's studies that came in ``[start, end)``, the latest arrival first, without a sort.

    Parameters
    ----------
    after
        Arrival and id of the last study of the page before.
    """
    arrival, study_id = ReasonRow.first_received_at, ReasonRow.study_id
    query = select(StudyRow).select_from(ReasonRow).join(StudyRow, StudyRow.id == study_id)
    query = query.where(ReasonRow.code == code).order_by(arrival.desc(), study_id.desc())
    if start is not None:
        query = query.where(arrival >= start)
    if end is not None:
        query = query.where(arrival < end)
    return query if after is None else query.where(tuple_(arrival, study_id) < after)


def has_reason(codes: tuple[str, ...]) -> ColumnElement[bool]:
    """Return the condition that a study has one of some reasons."""
    return exists().where(ReasonRow.study_id == StudyRow.id, ReasonRow.code.in_(codes))
