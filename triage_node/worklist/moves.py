"""Every change of a study's state is made here, and each leaves an event."""

from sqlalchemy.orm import Session

from triage_node.errors import IllegalMove
from triage_node.worklist.changes import note_change
from triage_node.worklist.rollups import ALL_TIME, STATE, count
from triage_node.worklist.schema import EventRow, StudyRow
from triage_node.worklist.states import LEGAL_MOVES, StudyState


def move(
    session: Session, study: StudyRow, to: StudyState, at: float, *, actor: str, code: str, message: str = ""
) -> None:
    """Move a study to another state and append the event.

    Raises
    ------
    IllegalMove
        The table of legal moves does not have it.
    """
    origin = StudyState(study.state)
    if to not in LEGAL_MOVES[origin]:
        raise IllegalMove(f"A study that is {origin} cannot become {to}.")
    study.state = to
    study.changed_at = at
    _count_state(session, origin, to)
    if to is StudyState.READY:
        study.ready_at, study.claimed_at = at, None
    if to is StudyState.ANALYZING:
        study.claimed_at = at
    if to is not StudyState.ANALYZING:
        study.claimed_by = study.lease_until = None
    record(session, study.id, at, actor=actor, code=code, message=message, moved=(origin, to))


def record(
    session: Session,
    study_id: int | None,
    at: float,
    *,
    actor: str,
    code: str,
    message: str = "",
    moved: tuple[StudyState | None, StudyState | None] = (None, None),
) -> EventRow:
    """Append an event and return it; the message must hold no patient data. Whoever watches the study is told."""
    if study_id is not None:
        note_change(session, study_id)
    event = EventRow(
        study_id=study_id,
        at=at,
        actor=actor,
        code=code,
        message=message[:1000],
        from_state=moved[0],
        to_state=moved[1],
    )
    session.add(event)
    return event


def restore(session: Session, study: StudyRow, state: StudyState, at: float, *, actor: str, message: str = "") -> None:
    """Put a rebuilt study where its stored outcomes say it was; the one change that no table of moves rules."""
    moved = (StudyState(study.state), state)
    _count_state(session, *moved)
    study.state, study.changed_at, study.held, study.closed_at = state, at, True, at
    record(session, study.id, at, actor=actor, code="rebuilt", message=message, moved=moved)


def enter(session: Session, study: StudyRow, at: float, *, actor: str, code: str) -> None:
    """Append the event of a study that is new, in the state it begins with."""
    state = StudyState(study.state)
    _count_state(session, None, state)
    record(session, study.id, at, actor=actor, code=code, moved=(None, state))


def _count_state(session: Session, origin: StudyState | None, to: StudyState) -> None:
    if origin is not None:
        count(session, ALL_TIME, STATE, origin, -1)
    count(session, ALL_TIME, STATE, to)
