"""Every change of a study's state is made here, and each leaves an event."""

from sqlalchemy.orm import Session

from triage_node.errors import IllegalMove
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
) -> None:
    """Append an event; the message must hold no patient data."""
    session.add(
        EventRow(
            study_id=study_id,
            at=at,
            actor=actor,
            code=code,
            message=message[:1000],
            from_state=moved[0],
            to_state=moved[1],
        )
    )


def restore(session: Session, study: StudyRow, state: StudyState, at: float, *, actor: str, message: str = "") -> None:
    """Put a rebuilt study where its stored outcomes say it was; the one change that no table of moves rules."""
    moved = (StudyState(study.state), state)
    study.state, study.changed_at, study.held, study.closed_at = state, at, True, at
    record(session, study.id, at, actor=actor, code="rebuilt", message=message, moved=moved)
