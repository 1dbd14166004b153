"""Which rows there are for instances that others name."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage_node.database import Database, InstanceRow, StudyRow

BATCH = 500


@dataclass(frozen=True)
class KeptInstance:
    """An instance that has its row; ``result_file`` says where one lies that the node made."""

    study_instance_uid: str
    sop_class_uid: str
    result_file: str


class KeptInstances:
    """Read model of instances by their own UID."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, sop_instance_uids: Collection[str]) -> Mapping[str, Sequence[KeptInstance]]:
        """Return the instances with these UIDs that are not deleted; one UID may be in several studies."""
        found: dict[str, list[KeptInstance]] = defaultdict(list)
        columns = (InstanceRow.sop_instance_uid, StudyRow.study_instance_uid)
        more = (InstanceRow.sop_class_uid, InstanceRow.result_file)
        query = select(*columns, *more).join(StudyRow, StudyRow.id == InstanceRow.study_id)
        uids = list(sop_instance_uids)
        with self._database.read() as session:
            for start in range(0, len(uids), BATCH):
                some = InstanceRow.sop_instance_uid.in_(uids[start : start + BATCH])
                for uid, *kept in session.execute(query.where(some, InstanceRow.deleted_at.is_(None))):
                    found[uid].append(KeptInstance(*kept))
        return found


def keep_committed(session: Session, sop_instance_uids: Collection[str], at: float) -> set[str]:
    """Have the studies of instances kept that the node commits itself to; return the instances that are deleted by now.

    What is decided and what is deleted exclude each other: both are noted in transactions that look at the other.
    """
    here: set[str] = set()
    uids = list(sop_instance_uids)
    for start in range(0, len(uids), BATCH):
        some = InstanceRow.sop_instance_uid.in_(uids[start : start + BATCH]), InstanceRow.deleted_at.is_(None)
        rows = session.execute(select(InstanceRow.study_id, InstanceRow.sop_instance_uid).where(*some)).all()
        studies = StudyRow.id.in_({row.study_id for row in rows})
        session.execute(update(StudyRow).where(studies).values(committed_at=at))
        here |= {row.sop_instance_uid for row in rows}
    return set(uids) - here
