"""What others say which instances a study has: query sources, performed procedure steps, availability notices."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from triage_node.database import AnnouncementRow, Database, InstanceRow, SeriesRow, StudyRow, lock_arrivals
from triage_node.worklist.transitions import record

MOST_ANNOUNCEMENTS = 1000
MOST_INSTANCES = 20_000
MOST_LISTED = 2_000_000
"""Instances in all announcements: some 100 MB."""
ACTOR = "completion"
KEPT_SECONDS = 48 * 3600.0


class Step(StrEnum):
    """Where a performed procedure step is (PS3.4 F.7.2.1); what else is announced has been completed."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"


@dataclass(frozen=True)
class Announced:
    """What is said of a study.

    Parameters
    ----------
    listed
        Series and SOP Instance UIDs.
    instance_count
        How many there are, listed or not.
    """

    study_instance_uid: str
    listed: Collection[tuple[str, str]] = ()
    instance_count: int = 0
    step: Step = Step.COMPLETED


@dataclass(frozen=True)
class Received:
    """The instances of a study that came from others and are here, and the series that the node itself made."""

    sop_instance_uids: frozenset[str] = frozenset()
    own_series: frozenset[str] = frozenset()


class Announcements:
    """Keep what is announced, so much and for so long; the oldest goes first."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def received(self, study_instance_uid: str) -> Received:
        """Return what the worklist has of a study."""
        with self._database.read() as session:
            rows = session.execute(
                select(InstanceRow.sop_instance_uid, InstanceRow.result_file, SeriesRow.series_instance_uid)
                .join(SeriesRow, SeriesRow.id == InstanceRow.series_id)
                .join(StudyRow, StudyRow.id == InstanceRow.study_id)
                .where(
                    StudyRow.study_instance_uid == study_instance_uid,
                    or_(InstanceRow.deleted_at.is_(None), InstanceRow.result_file != ""),
                )
            ).all()
        return Received(
            frozenset(row.sop_instance_uid for row in rows if not row.result_file),
            frozenset(row.series_instance_uid for row in rows if row.result_file),
        )

    def note(self, origin: str, announced: Iterable[Announced]) -> None:
        """Keep what one origin says of studies; what it said of them before stays true.

        An instance that was announced once is waited for until the study's maximum, whatever is said later.

        Raises
        ------
        StorageError
            The database refused.
        """
        filtered = [self._without_own(one) for one in announced]
        with self._database.write() as session:
            lock_arrivals(session, {one.study_instance_uid for one in filtered})
            for one in filtered:
                self._merge(session, origin, one)
            session.flush()
            self._forget(session)

    def tell(self, study_instance_uid: str, code: str, message: str) -> None:
        """Leave an event with a study, if it is here."""
        with self._database.write() as session:
            study_id = session.scalar(select(StudyRow.id).where(StudyRow.study_instance_uid == study_instance_uid))
            if study_id is not None:
                record(session, study_id, self._clock(), actor=ACTOR, code=code, message=message)

    def step_of(self, origin: str) -> Step | None:
        """Return where a performed procedure step is; None when it is not known."""
        with self._database.read() as session:
            step = session.scalar(select(AnnouncementRow.step).where(AnnouncementRow.origin == origin).limit(1))
        return None if step is None else Step(step)

    def studies_of(self, origin: str) -> list[str]:
        """Return the studies that an origin has spoken of."""
        query = select(AnnouncementRow.study_instance_uid).where(AnnouncementRow.origin == origin)
        with self._database.read() as session:
            return list(session.scalars(query))

    def _without_own(self, one: Announced) -> Announced:
        """Leave out the node's own reports, which a PACS has in one of three classes."""
        own = self.received(one.study_instance_uid).own_series
        listed = [pair for pair in one.listed if pair[0] not in own]
        count = max(one.instance_count, len(one.listed)) - (len(one.listed) - len(listed))
        return Announced(one.study_instance_uid, listed, count, one.step)

    def _merge(self, session: Session, origin: str, one: Announced) -> None:
        is_it = AnnouncementRow.study_instance_uid == one.study_instance_uid, AnnouncementRow.origin == origin
        row = session.scalar(select(AnnouncementRow).where(*is_it))
        if row is None:
            row = AnnouncementRow(study_instance_uid=one.study_instance_uid, origin=origin, revision=0)
            row.instance_count, row.sop_instance_uids = 0, []
            session.add(row)
        listed = dict.fromkeys((*row.sop_instance_uids, *(uid for _, uid in one.listed)))
        row.sop_instance_uids = list(listed)[:MOST_INSTANCES]
        row.instance_count = max(row.instance_count, one.instance_count, len(row.sop_instance_uids))
        row.step, row.noted_at = one.step, self._clock()
        row.revision += 1

    def _forget(self, session: Session) -> None:
        """Drop what is old, and the oldest of too many."""
        session.execute(delete(AnnouncementRow).where(AnnouncementRow.noted_at < self._clock() - KEPT_SECONDS))
        kept = listed = 0
        newest = select(AnnouncementRow.id, AnnouncementRow.instance_count).order_by(
            AnnouncementRow.noted_at.desc(), AnnouncementRow.id.desc()
        )
        number, total = session.execute(
            select(func.count(), func.coalesce(func.sum(AnnouncementRow.instance_count), 0))
        ).one()
        if number <= MOST_ANNOUNCEMENTS and total <= MOST_LISTED:
            return
        surplus = []
        for row in session.execute(newest):
            kept, listed = kept + 1, listed + row.instance_count
            if kept > 1 and (kept > MOST_ANNOUNCEMENTS or listed > MOST_LISTED):
                surplus.append(row.id)
        session.execute(delete(AnnouncementRow).where(AnnouncementRow.id.in_(surplus)))
