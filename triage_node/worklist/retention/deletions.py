"""Deletion as the worklist notes it: marked before a file goes, ended when all are gone, found again after a kill."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from triage_node.byte_size import byte_size
from triage_node.database import (
    BEING_DELETED,
    DONE,
    AuditRow,
    Database,
    InstanceRow,
    OutcomeRow,
    Part,
    StudyRow,
)
from triage_node.statistics import ALL_TIME, STATE, count
from triage_node.worklist.retention.criteria import Criteria
from triage_node.worklist.retention.deleted_study import DeletedStudy, deleted_study
from triage_node.worklist.transitions import record

ACTOR = "retention"
ROLE = "upkeep"
ACTIONS = {Part.IMAGES: "images_deleted", Part.RESULTS: "results_deleted", Part.ROWS: "study_deleted"}


@dataclass(frozen=True)
class Deletion:
    """A part of a study that is being deleted; ``sop_instance_uids`` are of the instances whose files go."""

    study_instance_uid: str
    part: Part
    sop_instance_uids: Sequence[str]
    size_bytes: int


class Deletions:
    """Begin, go on with and end the deletion of parts of studies.

    What is deleted counts as gone from the beginning on: nobody is promised or shown it any more. Until the end the
    study says what is being deleted, so that after a kill the rest is found.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def due(self, criteria: Criteria, limit: int) -> list[str]:
        """Return the studies that meet some criteria, by UID, those first that have been silent for longest."""
        oldest = select(StudyRow.study_instance_uid).order_by(StudyRow.last_received_at, StudyRow.id).limit(limit)
        with self._database.read() as session:
            return list(session.scalars(oldest.where(*criteria.conditions(self._clock()))))

    def begin(self, study_instance_uid: str, criteria: Criteria, why: str) -> Deletion | None:
        """Mark a part of a study as deleted; None when the study does not meet the criteria any more."""
        now = self._clock()
        is_it = StudyRow.study_instance_uid == study_instance_uid
        with self._database.write() as session:
            # What came before the lock is seen only by who looks after it (READ COMMITTED).
            session.execute(select(StudyRow.id).where(is_it).with_for_update())
            study = session.scalar(select(StudyRow).where(is_it, *criteria.conditions(now)))
            if study is None:
                return None
            study.deletion = criteria.part
            size_bytes, number = _mark(session, study, criteria.part, now)
            if number or (criteria.part is Part.RESULTS and _has_results(session, study)):
                message = f"{number} files, {byte_size(size_bytes)}: {why}"
                record(session, study.id, now, actor=ACTOR, code=ACTIONS[criteria.part], message=message)
                _audit(session, study, criteria.part, now, message)
            return _deletion(session, study, size_bytes)

    def unfinished(self) -> list[Deletion]:
        """Return what was begun and not ended."""
        with self._database.read() as session:
            begun = select(StudyRow).where(text(f"study.{BEING_DELETED}")).order_by(StudyRow.id)
            return [_deletion(session, study, 0) for study in session.scalars(begun).all()]

    def is_going_on(self, deletion: Deletion) -> bool:
        """Tell whether a deletion has not ended, as another process may have ended it."""
        is_it = StudyRow.study_instance_uid == deletion.study_instance_uid
        with self._database.read() as session:
            return session.scalar(select(StudyRow.deletion).where(is_it)) == deletion.part

    def record(self, study_instance_uid: str) -> DeletedStudy | None:
        """Return what is to be known of a study when the database is lost, too; None when its rows are gone."""
        with self._database.read() as session:
            study = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))
            return None if study is None else deleted_study(session, study)

    def remove(
        self, study_instance_uid: str, sop_instance_uids: Collection[str], unlink: Callable[[Collection[str]], None]
    ) -> None:
        """Have the files of some instances removed that are still deleted.

        The rows stay locked meanwhile: an instance that comes again at this very moment is registered before, and its
        file stays, or after, and is filed anew.
        """
        chosen = (InstanceRow.sop_instance_uid.in_(sop_instance_uids), InstanceRow.deleted_at.is_not(None))
        of_study = select(StudyRow.id).where(StudyRow.study_instance_uid == study_instance_uid).scalar_subquery()
        rows = select(InstanceRow.sop_instance_uid).where(InstanceRow.study_id == of_study, *chosen).with_for_update()
        with self._database.write() as session:
            unlink(set(session.scalars(rows)))

    def remove_results(self, deletion: Deletion, remove: Callable[[], None]) -> bool:
        """Have the files of results removed, unless the study was taken up again meanwhile; tell whether they were.

        The study stays locked meanwhile, so that nobody begins to analyze it: a new result may lie where an old one
        did. What a new analysis has written is not deleted (`keep_results`).
        """
        is_it = StudyRow.study_instance_uid == deletion.study_instance_uid
        with self._database.write() as session:
            study = session.scalar(select(StudyRow).where(is_it).with_for_update())
            is_wanted = study is not None and study.state in DONE and study.deletion == deletion.part
            if study is not None and is_wanted and not (deletion.part is Part.ROWS and study.has_images):
                remove()
                return True
            return False

    def end(self, deletion: Deletion) -> bool:
        """Note that the files are gone; False when rows stay because more has come of the study, or been said of it.

        What another process has ended stays as it is.
        """
        is_it = StudyRow.study_instance_uid == deletion.study_instance_uid
        with self._database.write() as session:
            study = session.scalar(select(StudyRow).where(is_it).with_for_update())
            if study is None:
                return True
            if study.deletion != deletion.part:
                return deletion.part is not Part.ROWS
            study.deletion = ""
            if deletion.part is not Part.ROWS:
                return True
            if study.has_images or study.held or study.state not in DONE:
                return False
            count(session, ALL_TIME, STATE, study.state, -1)
            _audit(session, study, deletion.part, self._clock(), "")
            session.flush()
            session.execute(delete(StudyRow).where(StudyRow.id == study.id))
            return True


def keep_results(study: StudyRow) -> None:
    """Delete no results of a study that has a new one."""
    study.results_deleted_at = None
    if study.deletion in (Part.RESULTS, Part.ROWS):
        study.deletion = ""


def keep_rows(study: StudyRow) -> None:
    """Delete no rows of a study on which a reader has just spoken, whose deletion a kill may have left open."""
    if study.deletion == Part.ROWS:
        study.deletion = ""


def _mark(session: Session, study: StudyRow, part: Part, now: float) -> tuple[int, int]:
    """Note that a part is gone; return its bytes and the number of its files."""
    if part is Part.ROWS:
        return 0, 0
    is_image = InstanceRow.result_file == "" if part is Part.IMAGES else InstanceRow.result_file != ""
    chosen = (InstanceRow.study_id == study.id, is_image, InstanceRow.deleted_at.is_(None))
    counted = select(func.coalesce(func.sum(InstanceRow.size_bytes), 0), func.count()).where(*chosen)
    size_bytes, number = session.execute(counted).one()
    session.execute(update(InstanceRow).where(*chosen).values(deleted_at=now))
    if part is Part.RESULTS:
        study.results_deleted_at = now
        return int(size_bytes), number
    study.has_images = False
    if number:
        study.images_deleted_at = now
    return int(size_bytes), number


def _has_results(session: Session, study: StudyRow) -> bool:
    """Tell whether anything was stored of it."""
    stored = select(OutcomeRow.id).where(OutcomeRow.study_id == study.id, OutcomeRow.folder.is_not(None))
    return session.scalar(stored.limit(1)) is not None


def _audit(session: Session, study: StudyRow, part: Part, now: float, message: str) -> None:
    """What is told of a study goes with its rows; the audit trail stays."""
    session.add(
        AuditRow(
            at=now,
            user_name=ACTOR,
            role=ROLE,
            address="",
            action=ACTIONS[part],
            study_instance_uid=study.study_instance_uid,
            query=message,
            allowed=True,
        )
    )


def _deletion(session: Session, study: StudyRow, size_bytes: int) -> Deletion:
    gone = (InstanceRow.study_id == study.id, InstanceRow.result_file == "", InstanceRow.deleted_at.is_not(None))
    uids = session.scalars(select(InstanceRow.sop_instance_uid).where(*gone).order_by(InstanceRow.id)).all()
    return Deletion(study.study_instance_uid, Part(study.deletion), uids, size_bytes)
