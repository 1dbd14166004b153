"""Whether all of a study is here, by what was announced of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage_node.database import AnnouncementRow, InstanceRow, SeriesRow, StudyRow
from triage_node.worklist.announcements import Step

MOST_NAMED = 3


@dataclass(frozen=True)
class Completeness:
    """What the announcements of a study say, taken together.

    Parameters
    ----------
    received, expected
        Instances, without those that the node made.
    is_complete
        All that is announced is here, and nothing else that matters, and no one is still at work.
    """

    received: int
    expected: int
    is_complete: bool
    origins: tuple[str, ...]

    @property
    def missing(self) -> int:
        """How many instances are known that are not here."""
        return self.expected - self.received

    @property
    def words(self) -> str:
        """Say it in an event."""
        more = f" and {len(self.origins) - MOST_NAMED} others" if len(self.origins) > MOST_NAMED else ""
        named = ", ".join(self.origins[:MOST_NAMED])
        return f"{self.received} of {self.expected} instances are here, as {named}{more} announced"


def completeness_of(session: Session, study: StudyRow) -> Completeness | None:
    """Return how complete a study is; None when nothing is announced of it.

    Whoever announces less than is here does not know all yet, so that is no sign of completeness: each instance that
    may belong to a head CT must be among those that are listed, or as many announced as are here.
    """
    of_study = AnnouncementRow.study_instance_uid == study.study_instance_uid
    rows = session.scalars(select(AnnouncementRow).where(of_study).order_by(AnnouncementRow.id)).all()
    said = [row for row in rows if row.step != Step.DISCONTINUED and row.instance_count]
    if not said:
        return None
    here = _received(session, study)
    listed = {uid for row in said for uid in row.sop_instance_uids}
    absent = max(len(listed - set(here)), max(row.instance_count for row in said) - len(here), 0)
    counted = any(not row.sop_instance_uids and row.instance_count >= len(here) for row in said)
    covered = counted or {uid for uid, eligible in here.items() if eligible} <= listed
    at_work = any(row.step == Step.IN_PROGRESS for row in rows)
    return Completeness(
        len(here),
        len(here) + absent,
        is_complete=not absent and covered and not at_work,
        origins=tuple(row.origin for row in said),
    )


class CompletenessLook:
    """Look at all open studies again and again; only what has changed is worked out anew."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[int, int, int], Completeness | None]] = {}

    def look(self, session: Session) -> Mapping[int, Completeness]:
        """Return how complete each open study is of which something is announced, by its id."""
        marks = _marks(session)
        known = {}
        for study_id, mark in marks.items():
            before = self._known.get(study_id)
            if before is None or before[0] != mark:
                study = session.get(StudyRow, study_id)
                before = mark, completeness_of(session, study) if study is not None else None
            known[study_id] = before
        self._known = known
        return {study_id: one for study_id, (_, one) in known.items() if one is not None}


def _marks(session: Session) -> dict[int, tuple[int, int, int]]:
    """Return for each open study with announcements what changes with them and with its instances."""
    announced = (
        select(
            StudyRow.id,
            func.count(AnnouncementRow.id).label("rows"),
            func.sum(AnnouncementRow.revision).label("changes"),
        )
        .join(AnnouncementRow, AnnouncementRow.study_instance_uid == StudyRow.study_instance_uid)
        .where(StudyRow.closed_at.is_(None))
        # In the order of the index of open studies, or all studies are walked through.
        .group_by(StudyRow.last_received_at, StudyRow.id)
        .subquery()
    )
    of = announced.c
    query = (
        select(of.id, of.rows, of.changes, func.sum(SeriesRow.instance_count))
        .join(SeriesRow, SeriesRow.study_id == of.id)
        .group_by(of.id, of.rows, of.changes)
    )
    return {key: (rows, int(changes), int(number)) for key, rows, changes, number in session.execute(query)}


def _received(session: Session, study: StudyRow) -> dict[str, bool]:
    """Return the SOP Instance UIDs that came from others and are here, and whether each may belong to a head CT."""
    query = (
        select(InstanceRow.sop_instance_uid, SeriesRow.eligible)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_id)
        .where(InstanceRow.study_id == study.id, InstanceRow.result_file == "", InstanceRow.deleted_at.is_(None))
    )
    return {row.sop_instance_uid: row.eligible for row in session.execute(query)}
