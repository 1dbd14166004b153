"""What is stored by the wall clock and must go on lasting as long as it would have, when that clock is set."""

from collections.abc import Callable

from sqlalchemy import update

from triage_node.database import Database, DeliveryRow, DeliveryState, LockoutRow, PriorityChangeRow, SessionRow
from triage_node.worklist.transitions import record


class ClockChange:
    """Move with the clock what waits for a time.

    These are tries of deliveries and of priorities, the ends of sessions, the locks of sign-in. Quiet times and
    leases need none of it: they are measured on a steady clock (`quiet_time`).
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def follow(self, seconds: float) -> None:
        """Follow the clock, which was set forward or back by so much."""
        with self._database.write() as session:
            waiting = [DeliveryState.PENDING, DeliveryState.SCHEDULED]
            for outbox in (DeliveryRow, PriorityChangeRow):
                next_try = outbox.next_attempt_at + seconds
                session.execute(update(outbox).where(outbox.state.in_(waiting)).values(next_attempt_at=next_try))
            for row, names in ((SessionRow, ("created_at", "last_seen_at")), (LockoutRow, ("first_failed_at",))):
                session.execute(update(row).values({name: getattr(row, name) + seconds for name in names}))
            locked = LockoutRow.locked_until > 0
            session.execute(update(LockoutRow).where(locked).values(locked_until=LockoutRow.locked_until + seconds))
            way = "forward" if seconds > 0 else "back"
            message = f"the clock of the machine was set {way} by {abs(seconds):.0f} s"
            record(session, None, self._clock(), actor="upkeep", code="clock_set", message=message)
