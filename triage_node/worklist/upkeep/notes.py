"""What upkeep leaves as events, which are of no study."""

from collections.abc import Callable, Sequence

from sqlalchemy import select

from triage_node.database import Database, EventRow, storable
from triage_node.logs import visible
from triage_node.worklist.read_models import Event, made_from
from triage_node.worklist.transitions import LONGEST_MESSAGE, record

ACTOR = "upkeep"
MOST_LOOKED_AT = 100


class Notes:
    """Leave events of upkeep."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def note(self, code: str, message: str, actor: str = ACTOR) -> None:
        """Leave an event, by default one of upkeep itself.

        Raises
        ------
        StorageError
            The database refused.
        """
        with self._database.write() as session:
            record(session, None, self._clock(), actor=actor, code=code, message=message)

    def latest(self, codes: Sequence[str]) -> list[Event]:
        """Return the last events of some codes, the latest first."""
        wanted = select(EventRow).where(EventRow.code.in_(codes)).order_by(EventRow.id.desc()).limit(MOST_LOOKED_AT)
        with self._database.read() as session:
            return [made_from(Event, row) for row in session.scalars(wanted)]

    def note_once(self, code: str, message: str) -> None:
        """Leave an event, unless one of the last of its kind says the same, also from before a restart.

        Raises
        ------
        StorageError
            The database refused.
        """
        words = visible(storable(message))[:LONGEST_MESSAGE]
        latest = select(EventRow.message).where(EventRow.code == code).order_by(EventRow.id.desc())
        with self._database.read() as session:
            if words in session.scalars(latest.limit(MOST_LOOKED_AT)).all():
                return
        self.note(code, words)
