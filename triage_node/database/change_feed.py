"""What changed since a reader last looked: a marker that only grows, one for each study."""

from typing import cast

from sqlalchemy import Table, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from triage_node.database.tables.schema import StudyRow

# Any number that no other program takes on this database; "TRIA".
COMMIT_ORDER_LOCK = 0x54524941
STUDY = cast(Table, StudyRow.__table__)
HIGHEST = select(func.max(STUDY.alias("other").c.change_marker)).scalar_subquery()
NEXT_MARKER = update(STUDY).where(STUDY.c.id == bindparam("changed")).values(change_marker=HIGHEST + 1)


def note_change(session: Session, study_id: int) -> None:
    """Have a study's marker set at the end of the transaction."""
    session.info.setdefault("changed", set()).add(study_id)


def last_marker(session: Session) -> int:
    """Return the highest marker."""
    return session.scalar(select(func.max(StudyRow.change_marker))) or 0


def mark_changes(session: Session) -> None:
    """Write the markers of the studies that the transaction changed; its last step."""
    changed: set[int] = session.info.pop("changed", set())
    if not changed:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        # Their rows first: who has this lock and waits for a row would wait in a circle with who has that row.
        session.execute(select(STUDY.c.id).where(STUDY.c.id.in_(changed)).order_by(STUDY.c.id).with_for_update())
        # Markers must become visible in their order, or a reader that has seen the higher misses the lower one.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": COMMIT_ORDER_LOCK})
    session.connection().execute(NEXT_MARKER, [{"changed": study_id} for study_id in sorted(changed)])
