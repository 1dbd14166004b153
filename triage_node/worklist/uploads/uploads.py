"""What is on one machine only and waits to be copied to the bucket: noted with what it is of, in one transaction."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from triage_node.database import Database, StudyRow, UploadRow
from triage_node.storage import hashed

AT_ONCE = 500


class StoredPart(StrEnum):
    """What of a study is copied by itself."""

    IMAGES = "images"
    RESULTS = "results"


ALL = (StoredPart.IMAGES, StoredPart.RESULTS)


@dataclass(frozen=True)
class Upload:
    """A part of a study whose files here may not be in the bucket; ``number`` is that of its last arrival."""

    study_id: int
    study_instance_uid: str
    part: StoredPart
    number: int


@dataclass(frozen=True)
class Waiting:
    """How many studies one spool has alone, and since when, in seconds since 1970."""

    spool: str
    node: str
    studies: int
    since: float


class Uploads:
    """Note what is to be copied to the bucket, and keep others from claiming what they cannot reach.

    Parameters
    ----------
    spool
        Returns the name of this machine's spool; None where no bucket is set: nothing is noted then, and all is
        claimed.
    node
        What people call it.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float], spool: Callable[[], str] | None, node: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._name_of_spool = spool
        self._node = node

    def note(self, session: Session, study_ids: Iterable[int], part: StoredPart) -> None:
        """Note in a transaction that studies have got files here."""
        if self.spool is None:
            return
        for study_id in sorted(study_ids):
            key = (study_id, self.spool, part)
            row = session.get(UploadRow, key, with_for_update=True)
            if row is not None:
                row.number += 1
                continue
            names = dict(zip(("study_id", "spool", "part"), key, strict=True))
            session.add(UploadRow(**names, node=self._node, number=1, since=self._clock()))
            session.flush()

    def note_folders(self, folders: Collection[str]) -> int:
        """Note studies by the names of their folders, with all that they have, and return how many that were."""
        with self._database.read() as session:
            rows = session.execute(select(StudyRow.id, StudyRow.study_instance_uid)).all()
        there = [row.id for row in rows if hashed(row.study_instance_uid) in folders]
        for begin in range(0, len(there), AT_ONCE):
            with self._database.write() as session:
                for part in ALL:
                    self.note(session, there[begin : begin + AT_ONCE], part)
        return len(there)

    def reachable(
        self, study_id: InstrumentedAttribute[int], parts: Collection[StoredPart] = ALL
    ) -> list[ColumnElement[bool]]:
        """Return the conditions that parts of a study can be read here: no other machine has any of it alone."""
        if self.spool is None:
            return []
        elsewhere = UploadRow.study_id == study_id, UploadRow.spool != self.spool, UploadRow.part.in_(parts)
        return [~exists().where(*elsewhere)]

    def is_elsewhere(self, study_instance_uid: str) -> bool:
        """Tell whether another machine has something of a study alone."""
        if self.spool is None:
            return False
        of_study = StudyRow.study_instance_uid == study_instance_uid, UploadRow.study_id == StudyRow.id
        with self._database.read() as session:
            return bool(session.scalar(select(exists().where(*of_study, UploadRow.spool != self.spool))))

    def next(self, most: int, but: Collection[tuple[int, str]] = ()) -> Sequence[Upload]:
        """Return what is to be copied from here, the oldest first, but what is named by study and part.

        A study that is being deleted has to wait for the end of it: what is stored meanwhile would go, too. So what
        waits is never deleted (`Criteria.keep_uploading`), and what is being deleted never stored.
        """
        query = (
            select(UploadRow.study_id, StudyRow.study_instance_uid, UploadRow.part, UploadRow.number)
            .join(StudyRow, StudyRow.id == UploadRow.study_id)
            .where(UploadRow.spool == self.spool, StudyRow.deletion == "")
            .order_by(UploadRow.since, UploadRow.study_id, UploadRow.part)
            .limit(most + len(but))
        )
        with self._database.read() as session:
            rows = [Upload(row[0], row[1], StoredPart(row[2]), row[3]) for row in session.execute(query)]
        return [one for one in rows if (one.study_id, one.part) not in but][:most]

    def finish(self, upload: Upload) -> bool:
        """Note that the bucket has all that there was; False when more has come meanwhile."""
        same = (
            UploadRow.study_id == upload.study_id,
            UploadRow.spool == self.spool,
            UploadRow.part == upload.part,
            UploadRow.number == upload.number,
        )
        with self._database.write() as session:
            return session.scalar(delete(UploadRow).where(*same).returning(UploadRow.number)) is not None

    def stored(self, folders: Collection[str]) -> set[str]:
        """Return of the names of studies' folders those of which nothing waits here."""
        of_waiting = select(StudyRow.study_instance_uid).join(UploadRow, UploadRow.study_id == StudyRow.id)
        with self._database.read() as session:
            waiting = {hashed(uid) for uid in session.scalars(of_waiting.where(UploadRow.spool == self.spool))}
        return set(folders) - waiting

    def waiting(self) -> Sequence[Waiting]:
        """Return what each spool has alone, this one's first."""
        counted = func.count(UploadRow.study_id.distinct())
        query = select(UploadRow.spool, func.max(UploadRow.node), counted, func.min(UploadRow.since))
        with self._database.read() as session:
            rows = [Waiting(*row) for row in session.execute(query.group_by(UploadRow.spool))]
        return sorted(rows, key=lambda one: (one.spool != self.spool, one.spool))

    @cached_property
    def spool(self) -> str | None:
        """The name of this machine's spool, None without a bucket; read, or made, by who first needs it."""
        return None if self._name_of_spool is None else self._name_of_spool()
