"""Every change of a study's state is made here, and each leaves an event."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import LEGAL_MOVES, Channel, EventRow, StudyRow, StudyState, note_change, notify, storable
from triage_node.errors import IllegalMove
from triage_node.logs import visible
from triage_node.statistics import ALL_TIME, STATE, count

LONGEST_MESSAGE = 1000
# Events of one kind and study among which `fold` looks for the same words.
MOST_LOOKED_AT = 100


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
        notify(session, Channel.STUDIES)
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
        actor=storable(actor),
        code=code,
        message=visible(storable(message))[:LONGEST_MESSAGE],
        from_state=moved[0],
        to_state=moved[1],
    )
    session.add(event)
    return event


def fold(session: Session, study_id: int | None, at: float, *, actor: str, code: str, words: str, number: int) -> None:
    """Append an event that counts something, or count on in the one of the same words, so that many are one event."""
    words = visible(storable(words))[: LONGEST_MESSAGE - 20]
    of_study = EventRow.study_id.is_(None) if study_id is None else EventRow.study_id == study_id
    alike = select(EventRow).where(EventRow.code == code, of_study)
    latest = alike.order_by(EventRow.id.desc()).limit(MOST_LOOKED_AT)
    for event in session.scalars(latest):
        begin, _, counted = event.message.rpartition(": ")
        if begin == words and counted.isdecimal():
            event.message, event.at = f"{words}: {int(counted) + number}", at
            if study_id is not None:
                note_change(session, study_id)
            return
    record(session, study_id, at, actor=actor, code=code, message=f"{words}: {number}")


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
