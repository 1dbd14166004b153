"""Reports whose destinations shall commit themselves to keep them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from triage_node.database import UNCOMMITTED, CommitmentState, Database, DeliveryRow, DeliveryState
from triage_node.worklist.outbox.delivery_events import give_up, record_delivery

MOST_TRIES = 3
"""So often a report is sent that its destination does not commit itself to."""
ASK_AGAIN_SECONDS = 3600.0
"""Who has not answered for so long is asked again: request or result may have been lost."""
IS_AWAITED = text(f"delivery.{UNCOMMITTED}")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Uncommitted:
    """A delivery to be asked for; pairs of SOP Class and SOP Instance UID of what was stored, and the tries so far."""

    id: int
    references: Sequence[Pair]


class CommitmentRequests:
    """Which deliveries are to be asked for, and what was answered."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def due(self, destination: str, limit: int) -> list[Uncommitted]:
        """Return the deliveries of a destination that it is to be asked for now."""
        due = (*_awaited(destination), DeliveryRow.commitment_due_at <= self._clock())
        with self._database.read() as session:
            rows = session.scalars(select(DeliveryRow).where(*due).order_by(DeliveryRow.id).limit(limit))
            return [Uncommitted(row.id, _pairs(row)) for row in rows]

    def requested(self, deliveries: Collection[Uncommitted], transaction_uid: str) -> None:
        """Note that a destination is being asked; its answer may come at once."""
        self._note(
            deliveries,
            commitment=CommitmentState.REQUESTED,
            commitment_transaction=transaction_uid,
            commitment_due_at=self._clock() + ASK_AGAIN_SECONDS,
        )

    def not_requested(self, deliveries: Collection[Uncommitted], pause_seconds: float, error: str) -> None:
        """Note that the request was not taken, for certain; an answer is taken all the same."""
        due_at = self._clock() + pause_seconds
        self._note(deliveries, commitment=CommitmentState.WANTED, commitment_due_at=due_at, last_error=error)

    def answered(self, transaction_uid: str, committed: Collection[Pair], failed: Mapping[Pair, int]) -> bool:
        """Note a result; False when nothing was asked in that transaction."""
        asked = (DeliveryRow.commitment_transaction == transaction_uid, IS_AWAITED)
        with self._database.write() as session:
            rows = session.scalars(select(DeliveryRow).where(*asked).with_for_update()).all()
            for row in rows:
                missing = [pair for pair in _pairs(row) if pair not in committed]
                if missing:
                    self._send_again(session, row, _reason(missing, failed))
                else:
                    row.commitment, row.last_error = CommitmentState.COMMITTED, ""
                    record_delivery(session, row, self._clock(), "delivery_committed", "it keeps the report")
            return bool(rows)

    def expire(self, destination: str) -> int:
        """Send again what was not committed in its time; return how many reports those are."""
        overdue = (*_awaited(destination), DeliveryRow.commitment_until <= self._clock())
        with self._database.read() as session:
            if session.scalar(select(DeliveryRow.id).where(*overdue).limit(1)) is None:
                return 0
        with self._database.write() as session:
            rows = session.scalars(select(DeliveryRow).where(*overdue).with_for_update()).all()
            for row in rows:
                self._send_again(session, row, row.last_error or "it has not answered in time")
            return len(rows)

    def _note(self, deliveries: Collection[Uncommitted], **values: Any) -> None:
        chosen = (DeliveryRow.id.in_([one.id for one in deliveries]), IS_AWAITED)
        with self._database.write() as session:
            session.execute(update(DeliveryRow).where(*chosen).values(**values))

    def _send_again(self, session: Session, row: DeliveryRow, why: str) -> None:
        row.commitment, row.commitment_tries = CommitmentState.NONE, row.commitment_tries + 1
        error = f"not committed: {why}"
        if row.commitment_tries >= MOST_TRIES:
            give_up(session, row, self._clock(), error)
            return
        row.state, row.attempts, row.tried_seconds, row.last_error = DeliveryState.PENDING, 0, 0.0, error
        row.created_at = row.next_attempt_at = self._clock()
        record_delivery(session, row, self._clock(), "delivery_not_committed", f"{why}; it is sent again")


def want_commitment(row: DeliveryRow, stored: Sequence[Pair], at: float, wait_seconds: float) -> None:
    """Have the destination asked to commit itself to keep what it has stored."""
    row.stored_objects = [list(pair) for pair in stored]
    row.commitment, row.commitment_transaction = CommitmentState.WANTED, ""
    row.commitment_due_at, row.commitment_until = at, at + wait_seconds


def forget_commitment(row: DeliveryRow) -> None:
    """Begin anew: the report is sent as if it was new."""
    row.commitment, row.commitment_transaction, row.commitment_tries = CommitmentState.NONE, "", 0


def _awaited(destination: str) -> tuple[Any, ...]:
    """Only what is delivered is awaited; to ask for the state as well would lead to that index."""
    return IS_AWAITED, DeliveryRow.destination == destination


def _pairs(row: DeliveryRow) -> list[Pair]:
    return [(one[0], one[1]) for one in row.stored_objects or ()]


def _reason(missing: Sequence[Pair], failed: Mapping[Pair, int]) -> str:
    reasons = sorted({failed[pair] for pair in missing if pair in failed})
    words = [f"it answers 0x{reason:04X}" for reason in reasons]
    if any(pair not in failed for pair in missing):
        words.append("it does not name the report")
    return ", ".join(words)
