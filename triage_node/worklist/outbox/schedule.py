"""When deliveries may go: not in quiet hours, and an escalation only while nobody has acknowledged the study."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, case, exists, select, update
from sqlalchemy.orm import Session

from triage_node.database import Database, DeliveryRow, DeliveryState, OutcomeRow, StudyRow, WaitsFor
from triage_node.endpoints import Destination
from triage_node.findings import Decision
from triage_node.worklist.outbox.delivery_events import cancel, record_delivery
from triage_node.worklist.quiet_time import Stillness

WAITING = (DeliveryState.SCHEDULED, DeliveryState.PENDING)


class Schedule:
    """Have deliveries wait that must not go yet, and let them go in their order when they may.

    Parameters
    ----------
    clock
        Seconds since 1970; quiet hours are what it says in the zone.
    steady
        Seconds of a clock that nobody can set, by which the time without an acknowledgement is measured.
    destinations
        Those of the settings; for others nothing waits.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        steady: Callable[[], float],
        destinations: Sequence[Destination],
        zone: tzinfo,
    ) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._steady = steady
        self._unacknowledged: dict[str, Stillness[int]] = {}
        self.use(destinations)

    def use(self, destinations: Sequence[Destination]) -> None:
        """Go by other destinations from now on; for how long something is unacknowledged stays known."""
        scheduled = {one.name: one for one in destinations if _has_schedule(one)}
        for name in scheduled:
            self._unacknowledged.setdefault(name, Stillness(self._clock, self._steady))
        self._known = frozenset(one.name for one in destinations)
        self._destinations = scheduled

    def place(self, session: Session, row: DeliveryRow, outcome: OutcomeRow) -> None:
        """Have a new delivery wait, where it must; the event says for what."""
        destination = self._destinations.get(row.destination)
        if destination is None:
            return
        if destination.escalate_after_minutes is not None:
            self._await_acknowledgement(session, row, destination.escalate_after_minutes)
        elif self._is_quiet(destination) and not _goes_at_night(destination, outcome):
            row.state, row.waits_for = DeliveryState.SCHEDULED, WaitsFor.QUIET_HOURS
            record_delivery(session, row, row.created_at, "delivery_scheduled", f"quiet hours {destination.quiet}")

    def recover(self) -> None:
        """Let go, at the start or with other settings, what waited for something that these do not want any more."""
        scheduled = select(DeliveryRow).where(DeliveryRow.state == DeliveryState.SCHEDULED)
        with self._database.write() as session:
            for row in session.scalars(scheduled.with_for_update()):
                if row.destination in self._known and not self._still_waits(row):
                    self._let_go(session, DeliveryRow.id == row.id)

    def keep(self, name: str) -> None:
        """Let go what may go now to a destination, have wait what may not, and cancel what need not any more."""
        destination = self._destinations.get(name)
        if destination is None:
            return
        if destination.escalate_after_minutes is not None:
            self._escalate(name, destination.escalate_after_minutes * 60)
        if destination.quiet is not None:
            self._keep_quiet(name, destination)

    def _still_waits(self, row: DeliveryRow) -> bool:
        destination = self._destinations.get(row.destination)
        if destination is None:
            return False
        if row.waits_for == WaitsFor.QUIET_HOURS:
            return destination.quiet is not None
        return destination.escalate_after_minutes is not None

    def _await_acknowledgement(self, session: Session, row: DeliveryRow, minutes: float) -> None:
        row.state, row.waits_for, row.escalation = DeliveryState.SCHEDULED, WaitsFor.ACKNOWLEDGEMENT, True
        for earlier in session.scalars(select(DeliveryRow).where(*_unacknowledged(row.destination, row.study_id))):
            if earlier.id != row.id:
                # One call about a study is enough, and it must not come later because images did.
                row.created_at = min(row.created_at, earlier.created_at)
                cancel(session, earlier, self._clock(), "a later report takes its place")
        row.next_attempt_at = row.created_at + minutes * 60
        words = f"unless somebody acknowledges the study within {minutes:g} min"
        record_delivery(session, row, self._clock(), "delivery_scheduled", words)

    def _escalate(self, name: str, seconds: float) -> None:
        acknowledged = exists().where(StudyRow.id == DeliveryRow.study_id, StudyRow.acknowledged_at.is_not(None))
        escalations = (DeliveryRow.destination == name, DeliveryRow.escalation, DeliveryRow.state.in_(WAITING))
        columns = (DeliveryRow.id, DeliveryRow.study_id, DeliveryRow.created_at, DeliveryRow.waits_for)
        with self._database.read() as session:
            rows = session.execute(select(*columns, acknowledged.label("acknowledged")).where(*escalations)).all()
        waiting = [row for row in rows if row.waits_for == WaitsFor.ACKNOWLEDGEMENT]
        still = self._unacknowledged[name].look({row.study_id: row.created_at for row in waiting})
        settled = [row.id for row in rows if row.acknowledged]
        due = [row.id for row in waiting if still[row.study_id] >= seconds]
        if not settled and not due:
            return
        with self._database.write() as session:
            for row in session.scalars(
                select(DeliveryRow).where(DeliveryRow.id.in_({*settled, *due}), *escalations).with_for_update()
            ):
                if session.get_one(StudyRow, row.study_id).acknowledged_at is not None:
                    cancel(session, row, self._clock(), "the study was acknowledged")
                elif row.id in due:
                    self._let_go(session, DeliveryRow.id == row.id)

    def _keep_quiet(self, name: str, destination: Destination) -> None:
        of_destination = DeliveryRow.destination == name
        if not self._is_quiet(destination):
            self._apply([of_destination, DeliveryRow.waits_for == WaitsFor.QUIET_HOURS], self._let_go)
            return
        pending = [of_destination, DeliveryRow.state == DeliveryState.PENDING]
        if destination.quiet_hours_except_flagged:
            outcome = (OutcomeRow.id == DeliveryRow.outcome_id, OutcomeRow.decision == Decision.FLAGGED)
            pending.append(~exists().where(*outcome))
        self._apply(pending, self._have_wait)

    def _apply(self, whose: list[ColumnElement[bool]], write: Callable[..., None]) -> None:
        """Write only where there is something to write: this is asked several times a second."""
        with self._database.read() as session:
            if session.scalar(select(DeliveryRow.id).where(*whose).limit(1)) is None:
                return
        with self._database.write() as session:
            write(session, *whose)

    def _have_wait(self, session: Session, *whose: ColumnElement[bool]) -> None:
        values: dict[str, Any] = {"state": DeliveryState.SCHEDULED, "waits_for": WaitsFor.QUIET_HOURS}
        session.execute(update(DeliveryRow).where(*whose).values(values))

    def _let_go(self, session: Session, *whose: ColumnElement[bool]) -> None:
        now = self._clock()
        came = case((DeliveryRow.created_at < now, DeliveryRow.created_at), else_=now)
        values = {
            "state": DeliveryState.PENDING,
            "waits_for": WaitsFor.NOTHING,
            "next_attempt_at": came,
            "scheduled_seconds": now - came,
        }
        scheduled = DeliveryRow.state == DeliveryState.SCHEDULED
        session.execute(update(DeliveryRow).where(*whose, scheduled).values(values))

    def _is_quiet(self, destination: Destination) -> bool:
        quiet = destination.quiet
        return quiet is not None and quiet.covers(datetime.fromtimestamp(self._clock(), self._zone))


def settle_escalations(session: Session, study_id: int, at: float) -> None:
    """Cancel what was to be told if nobody acknowledged a study: somebody has."""
    waiting = (DeliveryRow.study_id == study_id, DeliveryRow.escalation, DeliveryRow.state.in_(WAITING))
    for row in session.scalars(select(DeliveryRow).where(*waiting).with_for_update()):
        cancel(session, row, at, "the study was acknowledged")


def begin_escalations_anew(session: Session, study_id: int, at: float) -> None:
    """Have what was canceled by an acknowledgement wait again: it was taken back.

    Only the latest one of each destination; the time without an acknowledgement begins anew.
    """
    of_study = (DeliveryRow.study_id == study_id, DeliveryRow.escalation)
    latest = {
        row.destination: row for row in session.scalars(select(DeliveryRow).where(*of_study).order_by(DeliveryRow.id))
    }
    for row in latest.values():
        if row.state == DeliveryState.CANCELED:
            wait_seconds = row.next_attempt_at - row.created_at
            row.state, row.waits_for = DeliveryState.SCHEDULED, WaitsFor.ACKNOWLEDGEMENT
            row.created_at, row.next_attempt_at = at, at + max(0.0, wait_seconds)
            record_delivery(session, row, at, "delivery_scheduled", "the acknowledgement was taken back")


def _has_schedule(destination: Destination) -> bool:
    return destination.quiet is not None or destination.escalate_after_minutes is not None


def _goes_at_night(destination: Destination, outcome: OutcomeRow) -> bool:
    return destination.quiet_hours_except_flagged and outcome.decision == Decision.FLAGGED


def _unacknowledged(destination: str, study_id: int) -> tuple[Any, ...]:
    of_study = (DeliveryRow.destination == destination, DeliveryRow.study_id == study_id)
    return (*of_study, DeliveryRow.state == DeliveryState.SCHEDULED, DeliveryRow.waits_for == WaitsFor.ACKNOWLEDGEMENT)
