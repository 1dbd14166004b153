"""Workitems that others push to the node: a worklist by PS3.4 Annex CC, of which the node is one performer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from triage_node.database import Database, PushedWorkitemRow, storable
from triage_node.errors import IllegalMove, InvalidInput, StudyNotFound, TriageError

SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED = "SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"
FINAL = (COMPLETED, CANCELED)
MOVES = frozenset([(SCHEDULED, IN_PROGRESS), (IN_PROGRESS, COMPLETED), (IN_PROGRESS, CANCELED)])
"""PS3.4 Table CC.1.1-2; a SCHEDULED one is canceled by a request."""
PERFORMED = "00741216"
"""Unified Procedure Step Performed Procedure Sequence, without which none is COMPLETED (PS3.4 Table CC.2.5-3)."""
KEPT_SECONDS = 48 * 3600.0
"""A workitem that has ended can be asked for so long."""
MOST_OPEN = 200
MOST_KEPT = 1000
"""Of those that have ended."""
LARGEST_BYTES = 128 << 10
"""Of the attributes of one, in JSON; a list of all instances of a large study is some 100 kB."""
LONGEST_REASON = 1024


@dataclass(frozen=True)
class PushedWorkitem:
    """A workitem; ``attributes`` in the DICOM JSON Model, without state, priority and Transaction UID."""

    workitem_uid: str
    creator: str
    state: str
    priority: str
    attributes: Mapping[str, Any]
    cancellation: str | None
    changed_at: float


class PushedWorkitems:
    """Create, read, change and end workitems.

    Every method that takes a UID raises `StudyNotFound` when there is no such workitem.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def create(self, workitem_uid: str, creator: str, priority: str, attributes: Mapping[str, Any]) -> None:
        """Put a workitem on the list, SCHEDULED.

        Raises
        ------
        IllegalMove
            There is one with that UID.
        InvalidInput
            It is too large.
        TriageError
            Too many wait.
        """
        with self._database.write() as session:
            self._forget(session)
            if _row(session, workitem_uid) is not None:
                raise IllegalMove("There is a workitem with that UID already.")
            waiting = select(func.count()).select_from(PushedWorkitemRow).where(PushedWorkitemRow.state.not_in(FINAL))
            if (session.scalar(waiting) or 0) >= MOST_OPEN:
                raise TriageError(f"{MOST_OPEN} workitems wait: no more are taken before some have ended.")
            now = self._clock()
            row = PushedWorkitemRow(workitem_uid=workitem_uid, creator=creator, state=SCHEDULED, transaction_uid="")
            row.priority, row.attributes, row.created_at, row.changed_at = (
                priority,
                _bounded(dict(attributes)),
                now,
                now,
            )
            session.add(row)

    def get(self, workitem_uid: str) -> PushedWorkitem:
        """Return a workitem."""
        with self._database.read() as session:
            return _workitem(_there(session, workitem_uid, is_locked=False))

    def find(self, workitem_uid: str) -> PushedWorkitem | None:
        """Return a workitem, None when there is none."""
        with self._database.read() as session:
            row = _row(session, workitem_uid)
            return None if row is None else _workitem(row)

    def all(self, *states: str) -> list[PushedWorkitem]:
        """Return all workitems, or those in some states; the newest first."""
        query = select(PushedWorkitemRow).order_by(PushedWorkitemRow.id.desc())
        with self._database.read() as session:
            rows = session.scalars(query.where(PushedWorkitemRow.state.in_(states)) if states else query)
            return [_workitem(row) for row in rows]

    def update(
        self, workitem_uid: str, transaction_uid: str, attributes: Mapping[str, Any], priority: str | None = None
    ) -> None:
        """Replace attributes (PS3.4 CC.2.6): of a SCHEDULED one by anybody, later by its performer only.

        Raises
        ------
        InvalidInput
            It has ended, it would become too large, or the Transaction UID is missing, wrong, or given for one that
            nobody performs.
        """
        with self._database.write() as session:
            row = _there(session, workitem_uid)
            if row.state in FINAL:
                raise InvalidInput(f"The workitem is {row.state}.")
            _check_lock(row, transaction_uid)
            row.attributes = _bounded({**row.attributes, **attributes})
            row.priority, row.changed_at = priority or row.priority, self._clock()

    def change_state(self, workitem_uid: str, transaction_uid: str, state: str) -> bool:
        """Claim or end a workitem (PS3.4 CC.2.1); False when it is in that final state already.

        Raises
        ------
        IllegalMove
            It cannot go there from where it is.
        InvalidInput
            The Transaction UID is not that of its performer, or what a final state demands is missing.
        """
        with self._database.write() as session:
            row = _there(session, workitem_uid)
            if row.state == state and state in FINAL:
                return False
            if (row.state, state) not in MOVES:
                raise IllegalMove(f"A workitem that is {row.state} cannot become {state}.")
            if state == COMPLETED and not row.attributes.get(PERFORMED, {}).get("Value"):
                raise InvalidInput("A workitem that is COMPLETED says what was performed: update it before.")
            if row.state == SCHEDULED:
                row.transaction_uid = transaction_uid
            _check_lock(row, transaction_uid, is_claim=row.state == SCHEDULED)
            row.state, row.changed_at = state, self._clock()
            return True

    def request_cancellation(self, workitem_uid: str, reason: str) -> bool:
        """Cancel what nobody performs yet, ask the performer of another; False when it is CANCELED already.

        Raises
        ------
        IllegalMove
            It is COMPLETED.
        """
        with self._database.write() as session:
            row = _there(session, workitem_uid)
            if row.state == CANCELED:
                return False
            if row.state == COMPLETED:
                raise IllegalMove("The workitem is COMPLETED.")
            row.changed_at, row.cancellation = self._clock(), storable(reason)[:LONGEST_REASON]
            if row.state == SCHEDULED:
                row.state = CANCELED
            return True

    def _forget(self, session: Session) -> None:
        old = PushedWorkitemRow.state.in_(FINAL), PushedWorkitemRow.changed_at < self._clock() - KEPT_SECONDS
        session.execute(delete(PushedWorkitemRow).where(*old))
        ended = select(PushedWorkitemRow.id).where(PushedWorkitemRow.state.in_(FINAL))
        surplus = session.scalars(ended.order_by(PushedWorkitemRow.id.desc()).offset(MOST_KEPT)).all()
        session.execute(delete(PushedWorkitemRow).where(PushedWorkitemRow.id.in_(surplus)))


def _bounded(attributes: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(attributes)) > LARGEST_BYTES:
        raise InvalidInput(f"A workitem has {LARGEST_BYTES >> 10} kB at most.")
    return attributes


def _check_lock(row: PushedWorkitemRow, transaction_uid: str, *, is_claim: bool = False) -> None:
    if row.state == SCHEDULED and not is_claim:
        if transaction_uid:
            raise InvalidInput("Nobody performs the workitem: it has no Transaction UID.")
    elif not transaction_uid:
        raise InvalidInput("The Transaction UID is missing.")
    elif row.transaction_uid != transaction_uid:
        raise InvalidInput("The Transaction UID is incorrect.")


def _row(session: Session, workitem_uid: str, *, is_locked: bool = False) -> PushedWorkitemRow | None:
    query = select(PushedWorkitemRow).where(PushedWorkitemRow.workitem_uid == workitem_uid)
    return session.scalar(query.with_for_update() if is_locked else query)


def _there(session: Session, workitem_uid: str, *, is_locked: bool = True) -> PushedWorkitemRow:
    row = _row(session, workitem_uid, is_locked=is_locked)
    if row is None:
        raise StudyNotFound("The worklist has no such workitem.")
    return row


def _workitem(row: PushedWorkitemRow) -> PushedWorkitem:
    return PushedWorkitem(
        row.workitem_uid, row.creator, row.state, row.priority, row.attributes, row.cancellation, row.changed_at
    )
