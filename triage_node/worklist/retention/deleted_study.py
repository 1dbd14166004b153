"""What the spool keeps of a study whose images are deleted, so that a lost worklist can be made anew all the same."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage_node.database import InstanceRow, SeriesRow, StudyRow
from triage_node.errors import InvalidInstance
from triage_node.worklist.registration import ReceivedInstance


@dataclass(frozen=True)
class DeletedStudy:
    """When what was deleted, in seconds since 1970, and the instances as they were registered."""

    study_instance_uid: str
    images_deleted_at: float | None
    results_deleted_at: float | None
    instances: Sequence[ReceivedInstance]

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of_bytes(cls, content: bytes) -> Self:
        """Return what `to_bytes` wrote.

        Raises
        ------
        InvalidInstance
            It is none of that.
        """
        try:
            values = json.loads(content)
            instances = [ReceivedInstance(**one) for one in values.pop("instances")]
            return cls(**values, instances=instances)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InvalidInstance("It does not say what was deleted.") from error


def deleted_study(session: Session, study: StudyRow) -> DeletedStudy:
    """Return what is to be kept of a study."""
    gone = (InstanceRow.study_id == study.id, InstanceRow.result_file == "", InstanceRow.deleted_at.is_not(None))
    rows = select(InstanceRow, SeriesRow).join(SeriesRow, SeriesRow.id == InstanceRow.series_id).where(*gone)
    return DeletedStudy(
        study.study_instance_uid,
        study.images_deleted_at,
        study.results_deleted_at,
        [_instance(study, series, instance) for instance, series in session.execute(rows.order_by(InstanceRow.id))],
    )


def note_deleted(session: Session, study: StudyRow, deleted: DeletedStudy, sop_instance_uids: Collection[str]) -> None:
    """Note of a study that was made anew what had been deleted of it, and which instances are still gone."""
    gone = (InstanceRow.study_id == study.id, InstanceRow.sop_instance_uid.in_(sop_instance_uids))
    session.flush()
    session.execute(update(InstanceRow).where(*gone).values(deleted_at=deleted.images_deleted_at))
    here = (InstanceRow.study_id == study.id, InstanceRow.result_file == "", InstanceRow.deleted_at.is_(None))
    study.has_images = session.scalar(select(InstanceRow.id).where(*here).limit(1)) is not None
    study.images_deleted_at = deleted.images_deleted_at if sop_instance_uids else None
    study.results_deleted_at = deleted.results_deleted_at


def _instance(study: StudyRow, series: SeriesRow, instance: InstanceRow) -> ReceivedInstance:
    values: dict[str, Any] = {"urgent": study.priority > 0}
    for name in (one.name for one in fields(ReceivedInstance) if one.name not in values):
        values[name] = next(getattr(row, name) for row in (instance, series, study) if hasattr(row, name))
    return ReceivedInstance(**values)
