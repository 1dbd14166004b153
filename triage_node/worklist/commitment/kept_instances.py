"""Which rows there are for instances that others name."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

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
        """Return the instances with these UIDs; one UID may be in several studies."""
        found: dict[str, list[KeptInstance]] = defaultdict(list)
        columns = (InstanceRow.sop_instance_uid, StudyRow.study_instance_uid)
        more = (InstanceRow.sop_class_uid, InstanceRow.result_file)
        query = select(*columns, *more).join(StudyRow, StudyRow.id == InstanceRow.study_id)
        uids = list(sop_instance_uids)
        with self._database.read() as session:
            for start in range(0, len(uids), BATCH):
                some = InstanceRow.sop_instance_uid.in_(uids[start : start + BATCH])
                for uid, *kept in session.execute(query.where(some)):
                    found[uid].append(KeptInstance(*kept))
        return found
