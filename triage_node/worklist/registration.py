"""Received instances become rows, many in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from triage_node.database import (
    DONE,
    Database,
    InstanceRow,
    SeriesRow,
    StudyRow,
    StudyState,
    day_of,
    folded_name,
    lock_arrivals,
    search_text,
    workitem_uid,
)
from triage_node.statistics import count
from triage_node.worklist.transitions import enter, fold, move, record
from triage_node.worklist.uploads.uploads import StoredPart, Uploads

ACTOR = "intake"
RETURNED = "images_returned"


@dataclass(frozen=True)
class ReceivedInstance:
    """What the worklist knows of an instance; ``eligible`` when it may belong to a head CT."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    size_bytes: int
    received_at: float
    eligible: bool
    calling_ae_title: str = ""
    patient_id: str = ""
    patient_name: str = ""
    accession_number: str = ""
    study_description: str = ""
    study_date: str = ""
    modality: str = ""
    series_description: str = ""
    station_name: str = ""
    scanner: str = ""
    study_time: str = ""
    study_identifier: str = ""
    referring_physician_name: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    timezone_offset: str = ""
    series_number: int | None = None
    performed_date: str = ""
    performed_time: str = ""
    scheduled_procedure_step_id: str = ""
    requested_procedure_id: str = ""
    instance_number: int | None = None
    rows: int | None = None
    columns: int | None = None
    bits_allocated: int | None = None
    number_of_frames: int | None = None
    urgent: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one instance: its study's and its own UID."""
        return self.study_instance_uid, self.sop_instance_uid


@dataclass(frozen=True)
class Registered:
    """What became of a batch: how many instances were new, and the keys of those that had been deleted."""

    new: int
    returned: frozenset[tuple[str, str]]


@dataclass
class _Known:
    """An instance that has a row: whether the node made it, and whether it is deleted."""

    is_result: bool = False
    is_deleted: bool = False


class Registration:
    """Write rows for received instances.

    An instance that is known already changes nothing; one that was deleted is here again, and its study stays as it was
    answered. A new image that may belong to a head CT makes a new revision of its study, and reopens it when it was
    done or about to be analyzed; anything else only keeps the study's timer running, so that a report the PACS routes
    back moves nothing.
    """

    def __init__(self, database: Database, clock: Callable[[], float], uploads: Uploads | None = None) -> None:
        self._database = database
        self._clock = clock
        self._uploads = uploads

    def register(self, instances: Sequence[ReceivedInstance]) -> Registered:
        """Write the rows of a batch in one transaction.

        Raises
        ------
        StorageError
            The database refused; no row of the batch was written.
        """
        with self._database.write() as session:
            return self.add(session, instances)

    def add(self, session: Session, instances: Sequence[ReceivedInstance]) -> Registered:
        """Write the rows of a batch in a transaction of others."""
        lock_arrivals(session, {instance.study_instance_uid for instance in instances})
        known = _known(session, instances)
        returned: dict[str, list[ReceivedInstance]] = defaultdict(list)
        fresh: list[dict[str, object]] = []
        studies: dict[str, StudyRow] = {}
        series: dict[tuple[str, str], SeriesRow] = {}
        for instance in instances:
            study = studies.get(instance.study_instance_uid) or self._study(session, instance)
            studies[instance.study_instance_uid] = study
            if instance.key in known:
                if known[instance.key].is_result:
                    self._note_return(session, study, instance)
                if known[instance.key].is_deleted:
                    known[instance.key].is_deleted = False
                    returned[instance.study_instance_uid].append(instance)
                continue
            known[instance.key] = _Known()
            key = instance.study_instance_uid, instance.series_instance_uid
            series[key] = series.get(key) or self._series(session, study, instance)
            self._count(session, study, series[key], instance)
            fresh.append(_instance_row(study, series[key], instance))
        if fresh:
            session.execute(insert(InstanceRow), fresh)
            _note_images(session, {row["study_id"] for row in fresh})
        for uid, again in returned.items():
            self._take_back(session, studies[uid], again)
        if self._uploads is not None:
            # Also of what is known: it may be known from another machine, and lie here with another content.
            self._uploads.note(session, [study.id for study in studies.values()], StoredPart.IMAGES)
        return Registered(len(fresh), frozenset(one.key for again in returned.values() for one in again))

    def note_results(self, session: Session, study: StudyRow) -> None:
        """Note in a transaction that results of a study lie here, which the bucket may lack."""
        if self._uploads is not None:
            self._uploads.note(session, [study.id], StoredPart.RESULTS)

    def reject(self, code: str, message: str, *, actor: str = ACTOR) -> None:
        """Leave an event for something that was refused at ingest."""
        with self._database.write() as session:
            record(session, None, self._clock(), actor=actor, code=code, message=message)

    def _note_return(self, session: Session, study: StudyRow, instance: ReceivedInstance) -> None:
        """Show the series of a report that the node made and a PACS sent back among those that were received."""
        self._series(session, study, instance).is_result = False
        study.last_received_at = max(study.last_received_at, instance.received_at)

    def _take_back(self, session: Session, study: StudyRow, instances: Sequence[ReceivedInstance]) -> None:
        """Note that deleted instances came again: the study has them as before, and is neither newer nor reopened."""
        for instance in instances:
            series = self._series(session, study, instance)
            received_at = min(instance.received_at, self._clock())
            series.last_received_at = self._later(series.last_received_at, received_at)
            study.last_received_at = self._later(study.last_received_at, received_at)
        session.flush()
        uids = [instance.sop_instance_uid for instance in instances]
        is_it = (InstanceRow.study_id == study.id, InstanceRow.sop_instance_uid.in_(uids))
        # What the node made and a PACS sent back lies where received instances do.
        session.execute(update(InstanceRow).where(*is_it).values(deleted_at=None, result_file=""))
        _note_images(session, {study.id})
        gone = (InstanceRow.study_id == study.id, InstanceRow.result_file == "", InstanceRow.deleted_at.is_not(None))
        if session.scalar(select(InstanceRow.id).where(*gone).limit(1)) is None:
            study.images_deleted_at = None
        words = "Images that had been deleted came again; the answer to the study stays as it was"
        fold(session, study.id, self._clock(), actor=ACTOR, code=RETURNED, words=words, number=len(instances))

    def tell(self, code: str, words: str, number: int, study_instance_uid: str | None = None) -> None:
        """Leave an event that counts something, of a study if the worklist has it; the same words are one event."""
        with self._database.write() as session:
            study_id = session.scalar(select(StudyRow.id).where(StudyRow.study_instance_uid == study_instance_uid))
            fold(session, study_id, self._clock(), actor=ACTOR, code=code, words=words, number=number)

    def _count(self, session: Session, study: StudyRow, series: SeriesRow, instance: ReceivedInstance) -> None:
        series.instance_count += 1
        received_at = min(instance.received_at, self._clock())
        series.last_received_at = self._later(series.last_received_at, received_at)
        study.last_received_at = self._later(study.last_received_at, received_at)
        study.priority = max(study.priority, int(instance.urgent))
        if instance.eligible:
            if study.revision == 0:
                # What sends a report or a protocol page first is often a workstation; the scanner is what counts.
                study.station_name, study.scanner = instance.station_name, instance.scanner
            series.eligible = True
            self._revise(session, study)

    def _later(self, before: float, received_at: float) -> float:
        """Return the later time; one that lies in the future was written before the clock was set back."""
        return max(before, received_at) if before <= self._clock() else received_at

    def _study(self, session: Session, instance: ReceivedInstance) -> StudyRow:
        found = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == instance.study_instance_uid))
        if found is not None:
            return found
        study = StudyRow(
            study_instance_uid=instance.study_instance_uid,
            workitem_uid=workitem_uid(instance.study_instance_uid),
            patient_id=instance.patient_id,
            patient_name=instance.patient_name,
            accession_number=instance.accession_number,
            study_description=instance.study_description,
            study_date=instance.study_date[:8],
            calling_ae_title=instance.calling_ae_title,
            station_name=instance.station_name,
            scanner=instance.scanner,
            study_time=instance.study_time,
            study_identifier=instance.study_identifier,
            referring_physician_name=instance.referring_physician_name,
            patient_birth_date=instance.patient_birth_date,
            patient_sex=instance.patient_sex,
            timezone_offset=instance.timezone_offset,
            patient_name_folded=folded_name(instance.patient_name),
            referring_physician_folded=folded_name(instance.referring_physician_name),
            search_text=_search_text(instance),
            state=StudyState.RECEIVING,
            revision=0,
            first_received_at=min(instance.received_at, self._clock()),
            last_received_at=min(instance.received_at, self._clock()),
            opened_at=self._clock(),
            changed_at=self._clock(),
        )
        session.add(study)
        session.flush()
        enter(session, study, self._clock(), actor=ACTOR, code="study_received")
        count(session, day_of(study.first_received_at), "arrivals")
        return study

    def _series(self, session: Session, study: StudyRow, instance: ReceivedInstance) -> SeriesRow:
        found = session.scalar(
            select(SeriesRow).where(
                SeriesRow.study_id == study.id, SeriesRow.series_instance_uid == instance.series_instance_uid
            )
        )
        if found is not None:
            return found
        series = SeriesRow(
            study_id=study.id,
            series_instance_uid=instance.series_instance_uid,
            modality=instance.modality[:16],
            series_description=instance.series_description,
            series_number=instance.series_number,
            performed_date=instance.performed_date,
            performed_time=instance.performed_time,
            scheduled_procedure_step_id=instance.scheduled_procedure_step_id,
            requested_procedure_id=instance.requested_procedure_id,
            eligible=False,
            instance_count=0,
            last_received_at=min(instance.received_at, self._clock()),
        )
        session.add(series)
        session.flush()
        return series

    def _revise(self, session: Session, study: StudyRow) -> None:
        study.revision += 1
        study.closed_at = None
        study.held = False
        if study.state in DONE:
            study.opened_at = self._clock()
            study.attempts = study.interruptions = 0
        if study.state in DONE or study.state == StudyState.READY:
            message = "" if study.images_deleted_at is None else "the earlier images were deleted"
            move(session, study, StudyState.RECEIVING, self._clock(), actor=ACTOR, code="late_images", message=message)


def _note_images(session: Session, study_ids: Collection[object]) -> None:
    """Note that studies have images, in the database whatever was read of them: all may just have been deleted."""
    without = (StudyRow.id.in_(study_ids), StudyRow.has_images.is_(False))
    session.execute(update(StudyRow).where(*without).values(has_images=True))


def _known(session: Session, instances: Sequence[ReceivedInstance]) -> dict[tuple[str, str], _Known]:
    """Return the keys of those that have a row already."""
    rows = session.execute(
        select(
            StudyRow.study_instance_uid, InstanceRow.sop_instance_uid, InstanceRow.result_file, InstanceRow.deleted_at
        )
        .join(InstanceRow, InstanceRow.study_id == StudyRow.id)
        .where(
            StudyRow.study_instance_uid.in_({instance.study_instance_uid for instance in instances}),
            InstanceRow.sop_instance_uid.in_({instance.sop_instance_uid for instance in instances}),
        )
    )
    return {
        (row.study_instance_uid, row.sop_instance_uid): _Known(bool(row.result_file), row.deleted_at is not None)
        for row in rows
    }


def _search_text(instance: ReceivedInstance) -> str:
    return search_text(
        instance.study_instance_uid,
        instance.patient_name,
        instance.patient_id,
        instance.accession_number,
        instance.study_description,
    )


def _instance_row(study: StudyRow, series: SeriesRow, instance: ReceivedInstance) -> dict[str, object]:
    return {
        "study_id": study.id,
        "series_id": series.id,
        "sop_instance_uid": instance.sop_instance_uid,
        "sop_class_uid": instance.sop_class_uid,
        "transfer_syntax_uid": instance.transfer_syntax_uid,
        "size_bytes": instance.size_bytes,
        "received_at": instance.received_at,
        "instance_number": instance.instance_number,
        "rows": instance.rows,
        "columns": instance.columns,
        "bits_allocated": instance.bits_allocated,
        "number_of_frames": instance.number_of_frames,
    }
