"""The instances that the node has of a study, for who retrieves them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from triage_node.database import Database, InstanceRow, SeriesRow, StudyRow


@dataclass(frozen=True)
class StoredInstance:
    """An instance in the spool; the UIDs are as received. ``result_file`` is the place of one that the node made.

    ``deleted_at`` is when it was deleted, in seconds since 1970, None while it is here.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    result_file: str = ""
    deleted_at: float | None = None


class StoredInstances:
    """Find instances by where they belong: one is never found by a study or series that it is not of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self, study_instance_uid: str, series_instance_uid: str | None = None, sop_instance_uid: str | None = None
    ) -> Sequence[StoredInstance]:
        """Return the instances of a study, of one of its series, or a single one, in the order of their arrival."""
        wanted = [
            column == value
            for column, value in (
                (StudyRow.study_instance_uid, study_instance_uid),
                (SeriesRow.series_instance_uid, series_instance_uid),
                (InstanceRow.sop_instance_uid, sop_instance_uid),
            )
            if value is not None
        ]
        query = (
            select(
                StudyRow.study_instance_uid,
                SeriesRow.series_instance_uid,
                InstanceRow.sop_instance_uid,
                InstanceRow.sop_class_uid,
                InstanceRow.transfer_syntax_uid,
                SeriesRow.modality,
                InstanceRow.result_file,
                InstanceRow.deleted_at,
            )
            .join(SeriesRow, InstanceRow.series_id == SeriesRow.id)
            .join(StudyRow, InstanceRow.study_id == StudyRow.id)
            .where(*wanted)
            .order_by(InstanceRow.id)
        )
        with self._database.read() as session:
            return [StoredInstance(*row) for row in session.execute(query)]

    def received(self, study_instance_uid: str) -> Sequence[str]:
        """Return the SOP Instance UIDs of what was received of a study, without what the node made."""
        return [one.sop_instance_uid for one in self.find(study_instance_uid) if not one.result_file]
