"""Reports on their way: one row a destination, so that a PACS outage never repeats an analysis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from triage_node.database import Channel, Database, DeliveryRow, DeliveryState, OutcomeRow, StudyRow, notify
from triage_node.statistics import count_delivered, delivery_seconds
from triage_node.worklist.commitment.requests import want_commitment
from triage_node.worklist.outbox.delivery_events import fold_try, give_up, record_delivery
from triage_node.worklist.outbox.schedule import Schedule
from triage_node.worklist.quiet_time import LEASE_LOOKS, Stillness
from triage_node.worklist.uploads.uploads import StoredPart, Uploads

PATIENCE = 8
PATIENCE_WHEN_DOWN = 600
"""So often is a report tried before a later one of the same study, which may say more, is sent all the same: it must
not wait for ever for one that always fails. While nothing gets through at all, it is hardly the report's fault."""


@dataclass(frozen=True)
class Delivery:
    """A report to be sent now.

    ``folder``, a name in its study's results, holds it in every SR class a peer may accept; ``tried_seconds`` is for
    how long it has been tried; an ``escalation`` goes because nobody has acknowledged the study.
    """

    id: int
    study_instance_uid: str
    destination: str
    sop_instance_uid: str
    folder: str
    attempts: int
    created_at: float
    tried_seconds: float = 0.0
    escalation: bool = False


def add_deliveries(
    session: Session,
    study_id: int,
    outcome: OutcomeRow,
    destinations: Sequence[str],
    at: float,
    state: DeliveryState = DeliveryState.PENDING,
    schedule: Schedule | None = None,
) -> None:
    """Put a report into the outbox once for each destination; one that is there already is not sent again.

    Parameters
    ----------
    schedule
        What says whether it may go at once; without one it may.
    """
    if outcome.report_sop_instance_uid is None or outcome.folder is None:
        return
    for destination in destinations:
        same = select(DeliveryRow.id).where(
            DeliveryRow.destination == destination,
            DeliveryRow.sop_instance_uid == outcome.report_sop_instance_uid,
        )
        if session.scalar(same) is None:
            row = DeliveryRow(
                study_id=study_id,
                outcome_id=outcome.id,
                destination=destination,
                sop_instance_uid=outcome.report_sop_instance_uid,
                folder=outcome.folder,
                state=state,
                attempts=0,
                created_at=at,
                next_attempt_at=at,
            )
            session.add(row)
            if schedule is not None:
                session.flush()
                schedule.place(session, row, outcome)
            notify(session, Channel.DELIVERIES)


class Outbox:
    """Hand out deliveries and write what came of them.

    A report of a study waits for an earlier one of the same study to the same destination, until that was tried
    `PATIENCE` times. Tries that failed are folded into one event a delivery.

    Parameters
    ----------
    node
        Who delivers, among the nodes that share a database.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        steady: Callable[[], float],
        node: str,
        lease_seconds: float,
        uploads: Uploads | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._node = node
        self._lease_seconds = lease_seconds
        self._uploads = uploads
        self._renewed: Stillness[tuple[int, int]] = Stillness(clock, steady, lease_seconds / LEASE_LOOKS)

    def claim_next(self, destination: str, *, is_probe: bool = False) -> Delivery | None:
        """Claim the next delivery for a destination, oldest first.

        Parameters
        ----------
        is_probe
            Whether it shall show that the destination answers again: then the one that was tried least lately is taken,
            whenever its next try was to be, so that one that always fails does not stand in the way of the others.
        """
        waiting = [DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.destination == destination]
        if not is_probe:
            # What was never tried is due, also when its time lies in the future since the clock was set back.
            waiting.append(or_(DeliveryRow.next_attempt_at <= self._clock(), DeliveryRow.attempts == 0))
        if self._uploads is not None:
            waiting += self._uploads.reachable(DeliveryRow.study_id, [StoredPart.RESULTS])
        first = (DeliveryRow.next_attempt_at, DeliveryRow.id)
        pending = select(DeliveryRow).where(*waiting, ~_is_behind(is_probe)).order_by(*first).limit(1)
        with self._database.read() as session:
            if session.scalar(pending.with_only_columns(DeliveryRow.id)) is None:
                return None
        with self._database.write() as session:
            row = session.scalar(pending.with_for_update(skip_locked=True))
            if row is None:
                return None
            row.state, row.claimed_by = DeliveryState.SENDING, self._node
            row.lease_until = self._clock() + self._lease_seconds
            row.attempts += 1
            return Delivery(
                row.id,
                session.get_one(StudyRow, row.study_id).study_instance_uid,
                destination,
                row.sop_instance_uid,
                row.folder,
                row.attempts,
                row.created_at,
                row.tried_seconds,
                row.escalation,
            )

    def renew(self, delivery: Delivery) -> bool:
        """Prolong the lease of a delivery; False when it was taken away."""
        with self._database.write() as session:
            row = self._claimed(session, delivery)
            if row is not None:
                row.lease_until = self._clock() + self._lease_seconds
            return row is not None

    def release_expired(self) -> int:
        """Return the deliveries to the queue whose lease was not renewed for its time; tell how many."""
        leased = select(DeliveryRow.id, DeliveryRow.attempts, DeliveryRow.lease_until)
        with self._database.read() as session:
            rows = session.execute(leased.where(DeliveryRow.state == DeliveryState.SENDING)).all()
        leases = {(row.id, row.attempts): row.lease_until or 0.0 for row in rows}
        still = self._renewed.look({key: until - self._lease_seconds for key, until in leases.items()})
        expired = [key for key, seconds in still.items() if seconds > self._lease_seconds]
        if not expired:
            return 0
        with self._database.write() as session:
            for number, attempts in expired:
                row = session.get_one(DeliveryRow, number, with_for_update=True)
                if (row.state, row.attempts) == (DeliveryState.SENDING, attempts):
                    row.state = DeliveryState.PENDING
                    record_delivery(session, row, self._clock(), "delivery_lease_expired", "it is sent again")
        return len(expired)

    def delivered(
        self,
        delivery: Delivery,
        message: str,
        stored: Sequence[tuple[str, str]] = (),
        commitment_seconds: float | None = None,
    ) -> float | None:
        """Note that a destination has stored the report, whoever has the delivery now.

        Parameters
        ----------
        stored
            SOP Class and SOP Instance UID of each object that it stored.
        commitment_seconds
            In this time the destination shall commit itself to keep them; None when it is not asked to.

        Returns
        -------
        float | None
            For how long it was on its way, in seconds; None when that was noted already.
        """
        with self._database.write() as session:
            row = session.get_one(DeliveryRow, delivery.id, with_for_update=True)
            if row.state == DeliveryState.DELIVERED:
                return None
            row.state, row.delivered_at, row.last_error = DeliveryState.DELIVERED, self._clock(), ""
            row.last_attempt_at = row.delivered_at
            seconds = delivery_seconds(row)
            count_delivered(session, row.delivered_at, seconds)
            row.postponed_event_id = None
            if commitment_seconds is not None:
                want_commitment(row, stored, self._clock(), commitment_seconds)
            record_delivery(session, row, self._clock(), "delivered", message)
            return seconds

    def retry(self, delivery: Delivery, pause_seconds: float, error: str, tried_seconds: float = 0.0) -> None:
        """Try a delivery again later.

        Parameters
        ----------
        tried_seconds
            For how much longer it has been tried now.
        """
        with self._database.write() as session:
            row = self._claimed(session, delivery)
            if row is None:
                return
            row.state, row.last_error, row.last_attempt_at = DeliveryState.PENDING, error, self._clock()
            row.next_attempt_at = self._clock() + pause_seconds
            row.tried_seconds += tried_seconds
            fold_try(session, row, self._clock(), pause_seconds)

    def mark_dead(self, delivery: Delivery, error: str) -> None:
        """Give a delivery up until a person sends it again."""
        with self._database.write() as session:
            row = self._claimed(session, delivery)
            if row is not None:
                row.last_attempt_at = self._clock()
                give_up(session, row, self._clock(), error)

    def hold_back(self, destination: str, seconds: float, give_up_seconds: float, error: str) -> int:
        """Count for everything that waits for a destination that it did not answer for so much longer.

        What has waited for ``give_up_seconds`` is given up; returns how many reports are left.
        """
        pending = (DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.destination == destination)
        with self._database.write() as session:
            longer = DeliveryRow.tried_seconds + seconds
            session.execute(update(DeliveryRow).where(*pending).values(tried_seconds=longer))
            overdue = select(DeliveryRow).where(*pending, DeliveryRow.tried_seconds >= give_up_seconds)
            for row in session.scalars(overdue).all():
                give_up(session, row, self._clock(), error)
            session.flush()
            return session.scalar(select(func.count()).select_from(DeliveryRow).where(*pending)) or 0

    def hasten(self, destination: str) -> None:
        """Make everything that waits for a destination due, in the order it came: the destination answers again."""
        with self._database.write() as session:
            self._make_due(session, DeliveryRow.destination == destination)

    def recover(self, *, all_nodes: bool = False) -> int:
        """Put back what this node was sending when it stopped, and make everything that waits due.

        Parameters
        ----------
        all_nodes
            Put back what any node was sending: none of them lives.
        """
        own = or_(DeliveryRow.claimed_by == self._node, DeliveryRow.claimed_by.is_(None))
        mine = or_(own, DeliveryRow.claimed_by.is_not(None)) if all_nodes else own
        with self._database.write() as session:
            result = session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.state == DeliveryState.SENDING, mine)
                .values(state=DeliveryState.PENDING)
                .returning(DeliveryRow.id)
            )
            put_back = len(result.all())
            self._make_due(session)
            return put_back

    def _claimed(self, session: Session, delivery: Delivery) -> DeliveryRow | None:
        return session.scalar(
            select(DeliveryRow)
            .where(
                DeliveryRow.id == delivery.id,
                DeliveryRow.state == DeliveryState.SENDING,
                DeliveryRow.attempts == delivery.attempts,
                DeliveryRow.claimed_by == self._node,
            )
            .with_for_update()
        )

    def _make_due(self, session: Session, *whose: ColumnElement[bool]) -> None:
        later = (DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.next_attempt_at > self._clock(), *whose)
        came = case((DeliveryRow.created_at < self._clock(), DeliveryRow.created_at), else_=self._clock())
        session.execute(update(DeliveryRow).where(*later).values(next_attempt_at=came))


def _is_behind(is_probe: bool) -> ColumnElement[bool]:
    """Tell whether an earlier report of the same study is still to be sent to the same destination."""
    earlier = aliased(DeliveryRow)
    same = [
        earlier.study_id == DeliveryRow.study_id,
        earlier.destination == DeliveryRow.destination,
        earlier.id < DeliveryRow.id,
        earlier.state.in_([DeliveryState.PENDING, DeliveryState.SENDING]),
    ]
    same.append(earlier.attempts < (PATIENCE_WHEN_DOWN if is_probe else PATIENCE))
    return exists().where(*same)
