"""How much could be deleted now, for whoever wants to see it before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select

from triage_node.database import Database, InstanceRow, Part, StudyRow
from triage_node.worklist.retention.criteria import Criteria


@dataclass(frozen=True, slots=True)
class Deletable:
    """A study that meets some criteria; times in seconds since 1970."""

    study_instance_uid: str
    state: str
    last_received_at: float
    instances: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Some studies taken together, and when the last instance of the latest came; None without any."""

    studies: int
    instances: int
    size_bytes: int
    until: float | None


class Deletables:
    """Read what meets criteria; nothing is changed."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def portion(self, criteria: Criteria) -> Portion:
        """Return all that meets some criteria, taken together."""
        studies = self._studies(criteria).subquery()
        totals = select(
            func.count(),
            func.coalesce(func.sum(studies.c.instances), 0),
            func.coalesce(func.sum(studies.c.size_bytes), 0),
            func.max(studies.c.last_received_at),
        ).select_from(studies)
        with self._database.read() as session:
            number, instances, size_bytes, until = session.execute(totals).one()
        return Portion(number, int(instances), int(size_bytes), until)

    def oldest(self, criteria: Criteria, limit: int) -> Sequence[Deletable]:
        """Return the studies that go first."""
        query = self._studies(criteria).order_by(StudyRow.last_received_at, StudyRow.id).limit(limit)
        with self._database.read() as session:
            return [Deletable(*row) for row in session.execute(query)]

    def old_enough(self, criteria: Criteria) -> int:
        """Return how many studies are old enough, those included that are kept for another reason."""
        with self._database.read() as session:
            return session.scalar(select(func.count()).select_from(StudyRow).where(*criteria.is_old())) or 0

    def received_since(self, at: float) -> int:
        """Return the bytes of the instances of studies that came since a time, deleted or not."""
        query = select(func.coalesce(func.sum(InstanceRow.size_bytes), 0))
        recent = query.join(StudyRow, StudyRow.id == InstanceRow.study_id).where(StudyRow.first_received_at >= at)
        with self._database.read() as session:
            return int(session.scalar(recent.where(InstanceRow.result_file == "")) or 0)

    def stored(self) -> Portion:
        """Return all received instances that are here."""
        here = (InstanceRow.result_file == "", InstanceRow.deleted_at.is_(None))
        totals = select(
            func.count(InstanceRow.study_id.distinct()),
            func.count(),
            func.coalesce(func.sum(InstanceRow.size_bytes), 0),
            func.max(InstanceRow.received_at),
        )
        with self._database.read() as session:
            number, instances, size_bytes, until = session.execute(totals.where(*here)).one()
        return Portion(number, instances, int(size_bytes), until)

    def _studies(self, criteria: Criteria) -> Select[str, str, float, int, int]:
        is_here = (InstanceRow.study_id == StudyRow.id, InstanceRow.deleted_at.is_(None), _is_of(criteria.part))
        number = select(func.count()).where(*is_here).scalar_subquery()
        size_bytes = select(func.coalesce(func.sum(InstanceRow.size_bytes), 0)).where(*is_here).scalar_subquery()
        columns = (StudyRow.study_instance_uid, StudyRow.state, StudyRow.last_received_at)
        numbers = (number.label("instances"), size_bytes.label("size_bytes"))
        return select(*columns, *numbers).where(*criteria.conditions(self._clock()))


def _is_of(part: Part) -> ColumnElement[bool]:
    return InstanceRow.result_file == "" if part is Part.IMAGES else InstanceRow.result_file != ""
