"""What the worklist says to lie in the spool, for who compares the two."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import Database, EventRow, InstanceRow, StudyRow, StudyState
from triage_node.worklist.transitions import record

ACTOR = "reconciliation"
MISSING = "files_missing"
BATCH = 100


@dataclass(frozen=True)
class StudyStock:
    """A study, and for each instance that was received whether it is here by its row.

    ``is_quiet`` tells that nobody is at work on its results or deletes anything of it.
    """

    study_instance_uid: str
    is_quiet: bool
    is_here: Mapping[str, bool]


class Stock:
    """Read what should be there, and note what is not."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def every(self) -> Iterator[StudyStock]:
        """Yield all studies, some in memory at a time."""
        last = 0
        while True:
            with self._database.read() as session:
                following = select(StudyRow).where(StudyRow.id > last).order_by(StudyRow.id).limit(BATCH)
                studies = session.scalars(following).all()
                found = [_stock(session, study) for study in studies]
                last = studies[-1].id if studies else last
            if not found:
                return
            yield from found

    def of(self, study_instance_uid: str) -> StudyStock | None:
        """Return one study as it is now."""
        with self._database.read() as session:
            study = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))
            return None if study is None else _stock(session, study)

    def note_missing(self, study_instance_uid: str, sop_instance_uids: Collection[str]) -> None:
        """Leave an event for instances without a file, unless the last one says the same."""
        message = f"{len(sop_instance_uids)} instances have no file in the spool any more"
        with self._database.write() as session:
            study_id = session.scalar(select(StudyRow.id).where(StudyRow.study_instance_uid == study_instance_uid))
            said = select(EventRow.message).where(EventRow.study_id == study_id, EventRow.code == MISSING)
            if study_id is not None and session.scalar(said.order_by(EventRow.id.desc()).limit(1)) != message:
                record(session, study_id, self._clock(), actor=ACTOR, code=MISSING, message=message)


def _stock(session: Session, study: StudyRow) -> StudyStock:
    received = (InstanceRow.study_id == study.id, InstanceRow.result_file == "")
    rows = session.execute(select(InstanceRow.sop_instance_uid, InstanceRow.deleted_at).where(*received))
    return StudyStock(
        study.study_instance_uid,
        study.state != StudyState.ANALYZING and not study.deletion,
        {row.sop_instance_uid: row.deleted_at is None for row in rows},
    )
