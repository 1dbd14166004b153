"""Storage commitments that others asked of us, until their results are told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from triage_node.database import CommitmentRow, Database
from triage_node.errors import IllegalMove, StorageError
from triage_node.worklist.commitment.kept_instances import keep_committed
from triage_node.worklist.transitions import record

ACTOR = "commitment"
# So long a result is kept for the association on which it was asked for, before another one is opened.
HOLD_SECONDS = 60.0
MOST_OPEN = 1000
"""Transactions of one requestor whose results it has not taken."""
MOST_INSTANCES = 1_000_000
"""Instances of all that are open: some 100 MB."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Transaction:
    """A storage commitment that was asked of us.

    Parameters
    ----------
    references
        Pairs of SOP Class and SOP Instance UID.
    failures
        Failure Reasons by SOP Instance UID, None before it is decided.
    """

    id: int
    transaction_uid: str
    ae_title: str
    requested_at: float
    references: Sequence[Pair]
    failures: Mapping[str, int] | None
    attempts: int


class Transactions:
    """Keep transactions over restarts, hand them out when they are due, forget them when they are told or given up.

    An event tells of either.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def open(self, transaction_uid: str, ae_title: str, references: Sequence[Pair]) -> int:
        """Note a request and return its number; the same one again is the same one.

        Raises
        ------
        IllegalMove
            The Transaction UID is in use for other instances.
        StorageError
            The requestor has too many open, or all have, or the database refused.
        """
        written = [list(one) for one in references]
        with self._database.write() as session:
            row = session.scalar(
                select(CommitmentRow).where(
                    CommitmentRow.ae_title == ae_title, CommitmentRow.transaction_uid == transaction_uid
                )
            )
            if row is not None and row.references != written:
                raise IllegalMove("The Transaction UID is in use for other instances.")
            if row is None:
                _refuse_too_many(session, ae_title, len(written))
                row = CommitmentRow(transaction_uid=transaction_uid, ae_title=ae_title, references=written, attempts=0)
                row.instance_count, row.requested_at = len(written), self._clock()
                session.add(row)
            row.next_attempt_at = self._clock() + HOLD_SECONDS
            session.flush()
            return row.id

    def recover(self) -> None:
        """Make everything due: the associations that results were held for have ended with the node."""
        later = CommitmentRow.next_attempt_at > self._clock()
        with self._database.write() as session:
            session.execute(update(CommitmentRow).where(later).values(next_attempt_at=self._clock()))

    def find(self, number: int) -> Transaction | None:
        """Return a transaction, None when its result was told."""
        with self._database.read() as session:
            row = session.get(CommitmentRow, number)
            return _transaction(row) if row is not None else None

    def due(self, limit: int) -> list[Transaction]:
        """Return those whose results may be told now, the one that waits longest first."""
        due = CommitmentRow.next_attempt_at <= self._clock()
        with self._database.read() as session:
            rows = session.scalars(
                select(CommitmentRow).where(due).order_by(CommitmentRow.next_attempt_at).limit(limit)
            )
            return [_transaction(row) for row in rows]

    def owed(self, ae_title: str, limit: int) -> list[int]:
        """Hold for the requestor that is here those of its results that could not be told, and return their numbers."""
        is_free = or_(CommitmentRow.attempts > 0, CommitmentRow.next_attempt_at <= self._clock())
        oldest = (
            select(CommitmentRow)
            .where(CommitmentRow.ae_title == ae_title, is_free)
            .order_by(CommitmentRow.id)
            .limit(limit)
        )
        with self._database.read() as session:
            if session.scalar(oldest.with_only_columns(CommitmentRow.id)) is None:
                return []
        with self._database.write() as session:
            rows = session.scalars(oldest.with_for_update(skip_locked=True)).all()
            for row in rows:
                row.next_attempt_at = self._clock() + HOLD_SECONDS
            return [row.id for row in rows]

    def decided(self, number: int, failures: Mapping[str, int], gone: int) -> Mapping[str, int]:
        """Write down a result, which does not change any more, and return it.

        Parameters
        ----------
        failures
            Failure Reasons by SOP Instance UID.
        gone
            The Failure Reason of an instance that was deleted since its file was looked at.
        """
        with self._database.write() as session:
            row = session.get(CommitmentRow, number)
            if row is None:
                return failures
            committed = {uid for _, uid in row.references} - set(failures)
            deleted = keep_committed(session, committed, self._clock())
            row.failures = dict(failures) | dict.fromkeys(deleted, gone)
            return row.failures

    def postpone(self, number: int, seconds: float) -> None:
        """Look at it again later."""
        with self._database.write() as session:
            if (row := session.get(CommitmentRow, number)) is not None:
                row.next_attempt_at = self._clock() + seconds

    def not_told(self, number: int, pause_seconds: float, give_up_seconds: float, error: str) -> None:
        """Tell a result later that was not taken; one that is older than ``give_up_seconds`` is given up."""
        with self._database.write() as session:
            if (row := session.get(CommitmentRow, number)) is not None:
                self._try_later(session, row, pause_seconds, give_up_seconds, error)

    def not_reached(self, ae_title: str, pause_seconds: float, give_up_seconds: float, error: str) -> None:
        """Do so with all results that are due of a requestor that cannot be reached."""
        due = (CommitmentRow.ae_title == ae_title, CommitmentRow.next_attempt_at <= self._clock())
        with self._database.write() as session:
            for row in session.scalars(select(CommitmentRow).where(*due)).all():
                self._try_later(session, row, pause_seconds, give_up_seconds, error)

    def told(self, number: int) -> None:
        """Forget a transaction: its requestor has the result."""
        with self._database.write() as session:
            if (row := session.get(CommitmentRow, number)) is not None:
                failed = len(row.failures or {})
                counts = f"{len(row.references) - failed} committed, {failed} failed"
                self._close(session, row, "commitment_told", counts)

    def _try_later(
        self, session: Session, row: CommitmentRow, pause_seconds: float, give_up_seconds: float, error: str
    ) -> None:
        row.attempts, row.last_error = row.attempts + 1, error
        row.next_attempt_at = self._clock() + pause_seconds
        if self._clock() - row.requested_at >= give_up_seconds:
            times = "once" if row.attempts == 1 else f"{row.attempts} times"
            words = f"{len(row.references)} instances, tried {times}: {error}"
            self._close(session, row, "commitment_given_up", words)

    def _close(self, session: Session, row: CommitmentRow, code: str, words: str) -> None:
        message = f"{row.ae_title!r}, transaction {row.transaction_uid}: {words}"
        record(session, None, self._clock(), actor=ACTOR, code=code, message=message)
        session.delete(row)


def _refuse_too_many(session: Session, ae_title: str, more: int) -> None:
    opened = select(func.count()).select_from(CommitmentRow).where(CommitmentRow.ae_title == ae_title)
    if (session.scalar(opened) or 0) >= MOST_OPEN:
        raise StorageError(f"{ae_title!r} has {MOST_OPEN} storage commitments open.")
    if (session.scalar(select(func.sum(CommitmentRow.instance_count))) or 0) + more > MOST_INSTANCES:
        raise StorageError(f"Storage commitments of more than {MOST_INSTANCES} instances are open.")


def _transaction(row: CommitmentRow) -> Transaction:
    return Transaction(
        id=row.id,
        transaction_uid=row.transaction_uid,
        ae_title=row.ae_title,
        requested_at=row.requested_at,
        references=[(one[0], one[1]) for one in row.references],
        failures=row.failures,
        attempts=row.attempts,
    )
