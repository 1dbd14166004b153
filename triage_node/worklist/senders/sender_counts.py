"""Who has sent last, how much, and what was refused of whom and why: a bounded number of rows, whoever comes."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Table, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from triage_node.database import Database, SenderCountRow, day_of, storable

INSTANCES, ASSOCIATIONS = "instances", "associations"
"""What is counted of a sender beside its refusals: kept instances, accepted associations."""
MOST_SENDERS = 500
MOST_STRANGERS = 200
"""Those of whom nothing was ever kept; who sends comes and goes on a list of its own, so that no stranger hides it."""
MOST_OF_ADDRESS = 20
"""AE titles of one address."""

TABLE = cast(Table, SenderCountRow.__table__)


@dataclass(frozen=True)
class SenderCount:
    """How often something happened of a sender until ``last_at``; ``sentence`` says of a refusal what the peer did."""

    ae_title: str
    address: str
    what: str
    number: int
    last_at: float
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class SenderRefusal:
    """What was refused of a sender for one ``reason``; times in seconds since 1970."""

    reason: str
    number: int
    today: int
    first_at: float
    last_at: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Sender:
    """A peer by AE title and address, as it was seen since ``first_at``; either may be empty where it is not known.

    ``instances`` were kept, and ``associations`` accepted; ``refusals`` are those by reason, the latest first. Times
    are seconds since 1970, a day is the node's.
    """

    ae_title: str
    address: str
    first_at: float
    last_at: float
    instances: int
    instances_today: int
    last_instance_at: float | None
    associations: int
    last_association_at: float | None
    refusals: tuple[SenderRefusal, ...]


class SenderCounts:
    """The counts of senders; a row a sender and what is counted of it."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def add(self, counts: Iterable[SenderCount]) -> None:
        """Add what was counted since the last time, and forget who is too many.

        Raises
        ------
        StorageError
            The database refused; nothing was added.
        """
        rows = [_values(one) for one in sorted(counts, key=lambda one: (one.ae_title, one.address, one.what))]
        if not rows:
            return
        with self._database.write() as session:
            session.connection().execute(_upsert(session), rows)
            if (session.scalar(select(func.count()).select_from(TABLE)) or 0) > MOST_OF_ADDRESS:
                _forget(session)

    def all(self) -> list[Sender]:
        """Return every sender, who was seen last first."""
        with self._database.read() as session:
            rows = session.scalars(select(SenderCountRow).order_by(SenderCountRow.ae_title, SenderCountRow.address))
            grouped = groupby(rows, key=lambda row: (row.ae_title, row.address))
            found = [_sender(list(of_sender), day_of(self._clock())) for _, of_sender in grouped]
        return sorted(found, key=lambda sender: -sender.last_at)


def _values(one: SenderCount) -> dict[str, Any]:
    return {
        "ae_title": storable(one.ae_title),
        "address": storable(one.address),
        "what": one.what,
        "number": one.number,
        "day": day_of(one.last_at),
        "day_number": one.number,
        "first_at": one.last_at,
        "last_at": one.last_at,
        "sentence": storable(one.sentence),
    }


def _upsert(session: Session) -> Any:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(TABLE)
    new, old = statement.excluded, TABLE.c
    same_day = case((old.day == new.day, old.day_number), else_=0)
    changed = {
        "number": old.number + new.number,
        "day": new.day,
        "day_number": same_day + new.day_number,
        "last_at": new.last_at,
        "sentence": new.sentence,
    }
    return statement.on_conflict_do_update(index_elements=TABLE.primary_key, set_=changed)


def _forget(session: Session) -> None:
    """Delete who was not seen for longest: of strangers, of senders, and of one address."""
    is_sender = func.max(case((TABLE.c.what == INSTANCES, 1), else_=0))
    pairs = select(TABLE.c.ae_title, TABLE.c.address, is_sender).group_by(TABLE.c.ae_title, TABLE.c.address)
    seen: Counter[int] = Counter()
    seen_of: Counter[tuple[str, int]] = Counter()
    for ae_title, address, kind in session.execute(pairs.order_by(func.max(TABLE.c.last_at).desc())).all():
        seen_of[address, kind] += 1
        if seen_of[address, kind] > MOST_OF_ADDRESS or seen[kind] >= (MOST_SENDERS if kind else MOST_STRANGERS):
            session.execute(delete(TABLE).where(TABLE.c.ae_title == ae_title, TABLE.c.address == address))
        else:
            seen[kind] += 1


def _sender(rows: Sequence[SenderCountRow], today: str) -> Sender:
    counted = {row.what: row for row in rows}
    instances, associations = counted.pop(INSTANCES, None), counted.pop(ASSOCIATIONS, None)
    refusals = [_refusal(row, today) for row in sorted(counted.values(), key=lambda row: -row.last_at)]
    return Sender(
        ae_title=rows[0].ae_title,
        address=rows[0].address,
        first_at=min(row.first_at for row in rows),
        last_at=max(row.last_at for row in rows),
        instances=instances.number if instances else 0,
        instances_today=_today(instances, today) if instances else 0,
        last_instance_at=instances.last_at if instances else None,
        associations=associations.number if associations else 0,
        last_association_at=associations.last_at if associations else None,
        refusals=tuple(refusals),
    )


def _refusal(row: SenderCountRow, today: str) -> SenderRefusal:
    return SenderRefusal(row.what, row.number, _today(row, today), row.first_at, row.last_at, row.sentence)


def _today(row: SenderCountRow, today: str) -> int:
    return row.day_number if row.day == today else 0
