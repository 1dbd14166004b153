"""Duties that one of several nodes has at a time, by a lease that it renews; another takes over what has run out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from triage_node.database import Database, DeliveryRow, DeliveryState, LeaseRow, NodeRow, StudyRow, StudyState
from triage_node.worklist.transitions import record

ACTOR = "upkeep"
FORGOTTEN_SECONDS = 3600.0
ALIVE_SECONDS = 20.0
"""A process that lives is seen every few seconds."""


@dataclass(frozen=True)
class RunningNode:
    """A process of the node and the duties it has; times in seconds since 1970.

    ``analyzing`` counts the studies that it has claimed, ``sending`` the deliveries.
    """

    name: str
    roles: Sequence[str]
    version: str
    started_at: float
    seen_at: float
    duties: Sequence[str]
    analyzing: int = 0
    sending: int = 0

    @property
    def host(self) -> str:
        """The machine that it runs on, as the machine calls itself."""
        return self.name.partition("@")[2].partition("/")[0]

    def is_alive(self, now: float) -> bool:
        """Tell whether it was seen of late."""
        return now - self.seen_at < ALIVE_SECONDS


class Leases:
    """Hand out duties, and keep the list of those who may have them.

    Parameters
    ----------
    clock
        Seconds since 1970, the same for all who share the database.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def take(self, duty: str, node: str, seconds: float) -> bool:
        """Take a duty that nobody has, or go on having it; False when another has it."""
        now = self._clock()
        with self._database.write() as session:
            before = session.get(LeaseRow, duty)
            insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
            values = {"name": duty, "holder": node, "since": now, "until": now + seconds}
            statement = insert(LeaseRow).values(values)
            is_free = or_(LeaseRow.holder == node, LeaseRow.until < now)
            taken = {"holder": node, "until": now + seconds}
            if before is None or before.holder != node:
                taken["since"] = now
            statement = statement.on_conflict_do_update(index_elements=["name"], set_=taken, where=is_free)
            has_it = session.scalar(statement.returning(LeaseRow.holder)) == node
            if has_it and before is not None and before.holder != node:
                message = f"{node} does {duty} instead of {before.holder}"
                record(session, None, now, actor=ACTOR, code="duty_taken_over", message=message)
            return has_it

    def give_back(self, node: str) -> None:
        """Let others have the duties of a node at once, and take it off the list."""
        with self._database.write() as session:
            session.execute(delete(LeaseRow).where(LeaseRow.holder == node))
            session.execute(delete(NodeRow).where(NodeRow.name == node))

    def clear(self) -> None:
        """Forget all nodes and their duties: there are none."""
        with self._database.write() as session:
            session.execute(delete(LeaseRow))
            session.execute(delete(NodeRow))

    def note(self, node: str, roles: Sequence[str], version: str) -> None:
        """Note that a node lives."""
        now = self._clock()
        with self._database.write() as session:
            row = session.get(NodeRow, node)
            if row is None:
                _forget(session, now)
                row = NodeRow(name=node, roles=",".join(roles), version=version, started_at=now)
                session.add(row)
            row.seen_at = now

    def nodes(self) -> list[RunningNode]:
        """Return the nodes that live or died lately, and what each does that one does at a time."""
        with self._database.read() as session:
            leases = session.scalars(select(LeaseRow).where(LeaseRow.until >= self._clock())).all()
            claimed = StudyRow.claimed_by, StudyRow.state == StudyState.ANALYZING
            sent = DeliveryRow.claimed_by, DeliveryRow.state == DeliveryState.SENDING
            studies, deliveries = (_number_by_holder(session, *one) for one in (claimed, sent))
            return [
                RunningNode(
                    row.name,
                    row.roles.split(","),
                    row.version,
                    row.started_at,
                    row.seen_at,
                    sorted(one.name for one in leases if one.holder == row.name),
                    _held_by(row.name, studies),
                    _held_by(row.name, deliveries),
                )
                for row in session.scalars(select(NodeRow).order_by(NodeRow.name))
            ]


def _number_by_holder(
    session: Session, holder: InstrumentedAttribute[str | None], condition: ColumnElement[bool]
) -> dict[str, int]:
    rows = session.execute(select(holder, func.count()).where(condition, holder.is_not(None)).group_by(holder))
    return {name or "": number for name, number in rows}


def _held_by(node: str, numbers: Mapping[str, int]) -> int:
    """Add up what a process holds; a worker's process adds its number to the name."""
    return sum(number for name, number in numbers.items() if name == node or name.startswith(f"{node}:"))


def _forget(session: Session, now: float) -> None:
    session.execute(delete(NodeRow).where(NodeRow.seen_at < now - FORGOTTEN_SECONDS))
