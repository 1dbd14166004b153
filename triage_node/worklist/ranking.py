"""Which study is read first: a suggestion to people, kept apart from which study is analyzed next."""

from sqlalchemy import ColumnElement, case, or_

from triage_node.findings import Decision
from triage_node.worklist.schema import StudyRow


def open_rank(decision: str | None, priority: int) -> int:
    """Return a study's place as far as it does not depend on the time; the database computes the same (`schema`)."""
    if decision == Decision.FLAGGED or priority > 0:
        return 0
    return 2 if decision == Decision.UNCERTAIN else 3


def reading_order(now: float, maximum_wait_seconds: float) -> tuple[ColumnElement[int], ColumnElement[float]]:
    """Return the columns to sort by: a rank, then the arrival.

    Flagged studies and those that came as urgent are first, so that no priority is ever lowered; then whatever has
    waited longer than the maximum, so that a missed case does not sink; then uncertain ones; then the rest.
    """
    rank = case(
        (or_(StudyRow.decision == Decision.FLAGGED, StudyRow.priority > 0), 0),
        (StudyRow.first_received_at <= now - maximum_wait_seconds, 1),
        (StudyRow.decision == Decision.UNCERTAIN, 2),
        else_=3,
    )
    return rank, StudyRow.first_received_at.expression
