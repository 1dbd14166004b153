"""What was given up, sent once more in a set window."""

from collections.abc import Callable, Sequence

from sqlalchemy import select

from triage_node.database import Database, DeliveryRow, DeliveryState, OutcomeRow
from triage_node.worklist.outbox.resending import begin_anew

ACTOR = "upkeep"
A_DAY_SECONDS = 86_400.0


class DeadLetters:
    """Have dead reports sent again, by the clock."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def send_again(self, destinations: Sequence[str], days: float, most: int) -> dict[str, int]:
        """Send dead reports of some destinations again, the oldest first; return how many of each.

        A result that is older than so many days stays dead: who refuses it every night will go on. An escalation stays
        so, too: it was to wake somebody when the study came.

        Parameters
        ----------
        most
            So many of each destination at once.
        """
        since = self._clock() - days * A_DAY_SECONDS
        sent = {}
        for destination in destinations:
            waiting = (
                DeliveryRow.destination == destination,
                DeliveryRow.state == DeliveryState.DEAD,
                ~DeliveryRow.escalation,
                OutcomeRow.created_at >= since,
            )
            query = select(DeliveryRow).join(OutcomeRow, OutcomeRow.id == DeliveryRow.outcome_id).where(*waiting)
            with self._database.write() as session:
                rows = session.scalars(query.order_by(DeliveryRow.id).limit(most).with_for_update(of=DeliveryRow)).all()
                begin_anew(session, rows, ACTOR, self._clock())
            if rows:
                sent[destination] = len(rows)
        return sent
