"""How long studies have waited, and when the last ones came and went."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from triage_node.database import Database, OutcomeRow, StudyRow, StudyState

SINCE: Mapping[StudyState, InstrumentedAttribute[float] | InstrumentedAttribute[float | None]] = {
    StudyState.RECEIVING: StudyRow.opened_at,
    StudyState.READY: StudyRow.ready_at,
    StudyState.ANALYZING: StudyRow.claimed_at,
}
"""Where it is written since when a study is in a state."""


@dataclass(frozen=True)
class StudyQueuesState:
    """How long studies have waited.

    Attributes
    ----------
    states
        All that a study may have.
    oldest_seconds
        By state, for how long the study that is longest in it has been there; 0 without any.
    last_received_at, last_analyzed_at
        When the last new study came and the last outcome was written, in seconds since 1970; None before the first.
    """

    states: Sequence[str]
    oldest_seconds: Mapping[str, float]
    last_received_at: float | None
    last_analyzed_at: float | None


class StudyQueues:
    """Look at the queues of studies; the answer takes longer only for what waits."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def state(self) -> StudyQueuesState:
        """Return how long studies have waited now."""
        latest = select(OutcomeRow.created_at).order_by(OutcomeRow.id.desc()).limit(1)
        with self._database.read() as session:
            return StudyQueuesState(
                states=tuple(StudyState),
                oldest_seconds={state: self._oldest(session, state) for state in SINCE},
                last_received_at=session.scalar(select(func.max(StudyRow.first_received_at))),
                last_analyzed_at=session.scalar(latest),
            )

    def _oldest(self, session: Session, state: StudyState) -> float:
        since = session.scalar(select(func.min(SINCE[state])).where(StudyRow.state == state))
        return 0.0 if since is None else max(0.0, self._clock() - since)
