"""What is told of a delivery: one event for all its tries that failed, one for its end."""

import time

from sqlalchemy.orm import Session

from triage_node.database import DeliveryRow, DeliveryState, EventRow, WaitsFor, note_change
from triage_node.logs import visible
from triage_node.worklist.transitions import LONGEST_MESSAGE, record

ACTOR = "delivery"


def record_delivery(session: Session, row: DeliveryRow, at: float, code: str, message: str) -> EventRow:
    """Append an event of a delivery's study and return it."""
    event = record(session, row.study_id, at, actor=ACTOR, code=code, message=f"{row.destination}: {message}")
    session.flush()
    return event


def fold_try(session: Session, row: DeliveryRow, at: float, pause_seconds: float) -> None:
    """Tell of a try that failed, in the event that told of the earlier ones."""
    times = "once" if row.attempts == 1 else f"{row.attempts} times"
    last = time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    text = f"tried {times}, last {last}, next in {pause_seconds:.0f} s: {row.last_error}"
    event = session.get(EventRow, row.postponed_event_id) if row.postponed_event_id is not None else None
    if event is None:
        row.postponed_event_id = record_delivery(session, row, at, "delivery_postponed", text).id
        return
    event.message = visible(f"{row.destination}: {text}")[:LONGEST_MESSAGE]
    note_change(session, row.study_id)


def give_up(session: Session, row: DeliveryRow, at: float, error: str) -> None:
    """Leave a delivery to a person."""
    row.state, row.last_error, row.postponed_event_id = DeliveryState.DEAD, error, None
    record_delivery(session, row, at, "delivery_dead", error)


def cancel(session: Session, row: DeliveryRow, at: float, reason: str) -> None:
    """Note that a delivery need not be made any more."""
    row.state, row.waits_for, row.postponed_event_id = DeliveryState.CANCELED, WaitsFor.NOTHING, None
    record_delivery(session, row, at, "delivery_canceled", reason)
