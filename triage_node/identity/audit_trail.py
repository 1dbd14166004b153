"""Who looked at what, when, from where; never a patient's name."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from triage_node.database import AuditRow, Database, as_dict, distinct_values

AUDIT = cast(Table, AuditRow.__table__)
APPEND = insert(AUDIT)
AT_ONCE = 500
# Accesses are written a moment after they happened; so many may have got an id out of the order of their times.
OUT_OF_ORDER = 1000


@dataclass(frozen=True)
class Access:
    """One access; ``action`` is a word such as ``study_viewed``, ``query`` names filters, not what they search for."""

    at: float
    user_name: str
    role: str
    address: str
    action: str
    study_instance_uid: str = ""
    query: str = ""
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An access as it was kept; ``id`` goes on with time."""

    id: int
    at: float
    user_name: str
    role: str
    address: str
    action: str
    study_instance_uid: str
    query: str
    allowed: bool


@dataclass(frozen=True)
class AuditFilters:
    """Which accesses are asked for: all conditions have to be met; times in seconds since 1970, ``end`` excluded."""

    user_name: str = ""
    study_instance_uid: str = ""
    action: str = ""
    refused_only: bool = False
    start: float | None = None
    end: float | None = None


class AuditTrail:
    """Append and read; nothing is changed or removed here."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self.clock = clock

    def append(self, accesses: Sequence[Access]) -> None:
        """Keep some accesses, in one transaction."""
        rows = [
            {
                "at": access.at,
                "user_name": _storable(access.user_name)[:80],
                "role": access.role,
                "address": _storable(access.address)[:64],
                "action": access.action[:32],
                "study_instance_uid": _storable(access.study_instance_uid)[:64],
                "query": _storable(access.query)[:1000],
                "allowed": access.allowed,
            }
            for access in accesses
        ]
        with self._database.write() as session:
            session.connection().execute(APPEND, rows)

    def latest(
        self, limit: int = 100, before: int | None = None, *, user_name: str = "", study_instance_uid: str = ""
    ) -> list[AuditEntry]:
        """Return accesses, newest first; ``before`` is the ``id`` of the last one of the page before."""
        return self.page(AuditFilters(user_name, study_instance_uid), before, limit)

    def page(self, filters: AuditFilters, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """Return the accesses that filters ask for, newest first, from an index."""
        wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(AuditRow.id < before)
        with self._database.read() as session:
            rows = session.scalars(wanted.where(*_conditions(session, filters)))
            return [AuditEntry(**as_dict(row)) for row in rows]

    def every(self, filters: AuditFilters) -> Iterator[AuditEntry]:
        """Return all of them, some hundred in memory at a time."""
        before = None
        while rows := self.page(filters, before, AT_ONCE):
            yield from rows
            before = rows[-1].id

    def actions(self) -> list[str]:
        """Return the words for what was done so far."""
        with self._database.read() as session:
            return distinct_values(session, AuditRow.action)


def _storable(asked: str) -> str:
    """Return a text of a request, with a mark for each character that a database refuses: NUL, half characters."""
    return asked.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _conditions(session: Session, filters: AuditFilters) -> Iterator[Any]:
    if filters.user_name:
        yield AuditRow.user_name == filters.user_name
    if filters.study_instance_uid:
        yield AuditRow.study_instance_uid == filters.study_instance_uid
    if filters.action:
        yield AuditRow.action == filters.action
    if filters.refused_only:
        # The very words of the partial index.
        yield text("NOT allowed")
    # In coalesce, the time tempts no planner away from the order by id.
    at = func.coalesce(AuditRow.at, 0.0)
    if filters.start is not None:
        yield from (at >= filters.start, AuditRow.id >= _id_at(session, filters.start) - OUT_OF_ORDER)
    if filters.end is not None:
        yield from (at < filters.end, AuditRow.id <= _id_at(session, filters.end) + OUT_OF_ORDER)


def _id_at(session: Session, at: float) -> int:
    """Return the id of the first access from a time on, or of the last one of all."""
    first = select(AuditRow.id).where(AuditRow.at >= at).order_by(AuditRow.at, AuditRow.id).limit(1)
    found = session.scalar(first)
    return found if found is not None else session.scalar(select(func.max(AuditRow.id))) or 0
