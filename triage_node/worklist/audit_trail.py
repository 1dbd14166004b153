"""Who looked at what, when, from where; never a patient's name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from triage_node.worklist.account_tables import AuditRow
from triage_node.worklist.database import Database
from triage_node.worklist.schema import as_dict


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
                "user_name": access.user_name[:80],
                "role": access.role,
                "address": access.address[:64],
                "action": access.action[:32],
                "study_instance_uid": access.study_instance_uid[:64],
                "query": access.query[:1000],
                "allowed": access.allowed,
            }
            for access in accesses
        ]
        with self._database.write() as session:
            session.execute(insert(AuditRow), rows)

    def latest(
        self, limit: int = 100, before: int | None = None, *, user_name: str = "", study_instance_uid: str = ""
    ) -> list[dict[str, Any]]:
        """Return accesses, newest first; ``before`` is the ``id`` of the last one of the page before."""
        wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(AuditRow.id < before)
        if user_name:
            wanted = wanted.where(AuditRow.user_name == user_name)
        if study_instance_uid:
            wanted = wanted.where(AuditRow.study_instance_uid == study_instance_uid)
        with self._database.read() as session:
            return [as_dict(row) for row in session.scalars(wanted)]
