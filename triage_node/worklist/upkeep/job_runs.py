"""How each job went last, over restarts, and who may begin a daily one."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from triage_node.database import Database, JobRunRow, storable
from triage_node.worklist.read_models import made_from

CUT_OFF = "It was cut off by the end of the node."


@dataclass(frozen=True)
class JobRun:
    """A run of a job; times in seconds since 1970.

    Attributes
    ----------
    name
        Of the job.
    day
        The day of the daily run that was begun last, as ISO 8601; "" when it has none.
    ran_at, seconds
        When it ended and how long it took; None when it never did.
    outcome, error
        In a sentence each; one of them is empty.
    wants_look
        Whether what was found wants a person.
    """

    name: str
    day: str = ""
    ran_at: float | None = None
    seconds: float | None = None
    outcome: str = ""
    error: str = ""
    wants_look: bool = False


class JobRuns:
    """The rows of jobs: a daily one has a row for all nodes that share the database, any other one for each node.

    Parameters
    ----------
    node
        This node's name among those.
    """

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    def all(self, *, shared: bool) -> dict[str, JobRun]:
        """Return the last runs by the names of the jobs, of those that are shared or of this node's own."""
        with self._database.read() as session:
            rows = session.scalars(select(JobRunRow).where(JobRunRow.owner == self._owner(shared)))
            return {row.name: made_from(JobRun, row) for row in rows}

    def recover(self) -> None:
        """Note of what this node was doing when it ended that it was cut off; a daily job is due again."""
        mine = (JobRunRow.node == self._node, JobRunRow.began_at.is_not(None))
        with self._database.write() as session:
            for row in session.scalars(select(JobRunRow).where(*mine).with_for_update()):
                row.began_at, row.outcome, row.error, row.wants_look = None, "", CUT_OFF, False
                row.day = _day_before(row.day)

    def begin(self, name: str, day: date, at: float) -> bool:
        """Take a job's run of a day; False when it was taken already, here or by another node.

        Raises
        ------
        StorageError
            The database refused.
        """
        with self._database.write() as session:
            row = self._row(session, name, shared=True)
            if row.day >= day.isoformat():
                return False
            row.day, row.began_at, row.node = day.isoformat(), at, self._node
            return True

    def set_day(self, name: str, day: date) -> None:
        """Count a day's run of a daily job as made."""
        with self._database.write() as session:
            self._row(session, name, shared=True).day = day.isoformat()

    def note(self, run: JobRun, *, shared: bool) -> None:
        """Write how a run went, and the day that it leaves; "" leaves it as it is.

        Raises
        ------
        StorageError
            The database refused.
        """
        with self._database.write() as session:
            row = self._row(session, run.name, shared=shared)
            row.node, row.began_at, row.ran_at, row.seconds = self._node, None, run.ran_at, run.seconds
            row.outcome, row.error, row.wants_look = storable(run.outcome), storable(run.error), run.wants_look
            row.day = run.day or row.day

    def _owner(self, shared: bool) -> str:
        return "" if shared else self._node

    def _row(self, session: Session, name: str, *, shared: bool) -> JobRunRow:
        owner = self._owner(shared)
        same = select(JobRunRow).where(JobRunRow.name == name, JobRunRow.owner == owner).with_for_update()
        row = session.scalar(same)
        if row is None:
            session.execute(_insert(session).values(name=name, owner=owner).on_conflict_do_nothing())
            row = session.scalars(same).one()
        return row


def _insert(session: Session) -> Any:
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(JobRunRow)


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat() if day else ""
