"""What was deleted of studies, for a machine that has copies of it still: the audit trail outlives the rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select

from triage_node.database import DONE, AuditRow, Database, InstanceRow, StudyRow
from triage_node.worklist.retention.deletions import ACTIONS

DELETED = AuditRow.action.in_(ACTIONS.values())


@dataclass(frozen=True, slots=True)
class LessenedStudy:
    """A study that lost something: whether it has its rows still, and its results."""

    study_instance_uid: str
    has_rows: bool
    has_results: bool


class DeletedParts:
    """Read which studies lost a part, and have the copies of it removed that are left."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, at: float) -> Sequence[LessenedStudy]:
        """Return the studies that lost something since a time."""
        of_study = StudyRow.study_instance_uid == AuditRow.study_instance_uid
        columns = AuditRow.study_instance_uid, StudyRow.id, StudyRow.results_deleted_at
        query = select(*columns).outerjoin(StudyRow, of_study).where(DELETED, AuditRow.at >= at).distinct()
        with self._database.read() as session:
            rows = session.execute(query).all()
        return [LessenedStudy(uid, has_rows=study is not None, has_results=gone is None) for uid, study, gone in rows]

    def has_lost(self, study_instance_uid: str) -> bool:
        """Tell whether a study ever lost something, though it may have come again."""
        return self._is_there(exists().where(AuditRow.study_instance_uid == study_instance_uid, DELETED))

    def is_known(self, study_instance_uid: str) -> bool:
        """Tell whether a study has rows."""
        return self._is_there(exists().where(StudyRow.study_instance_uid == study_instance_uid))

    def instances(self, study_instance_uid: str) -> Sequence[str]:
        """Return the received instances of a study that are deleted, by UID."""
        of_study = select(StudyRow.id).where(StudyRow.study_instance_uid == study_instance_uid).scalar_subquery()
        gone = (InstanceRow.study_id == of_study, InstanceRow.result_file == "", InstanceRow.deleted_at.is_not(None))
        with self._database.read() as session:
            return session.scalars(select(InstanceRow.sop_instance_uid).where(*gone)).all()

    def remove_results(self, study_instance_uid: str, remove: Callable[[], None]) -> None:
        """Have the results of a study removed if they are deleted; it stays locked meanwhile (`Deletions`)."""
        is_it = StudyRow.study_instance_uid == study_instance_uid
        gone = (is_it, StudyRow.results_deleted_at.is_not(None), StudyRow.state.in_(DONE))
        with self._database.write() as session:
            if session.scalar(select(StudyRow.id).where(*gone).with_for_update()) is not None:
                remove()

    def _is_there(self, condition: object) -> bool:
        with self._database.read() as session:
            return bool(session.scalar(select(condition)))  # type: ignore[call-overload]
