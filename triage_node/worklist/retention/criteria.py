"""Which studies may lose a part: those that are done, answered and delivered, and that nobody waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, TextClause, and_, exists, false, or_, text

from triage_node.database import (
    HAS_IMAGES,
    AnnouncementRow,
    CommitmentState,
    DeliveryRow,
    DeliveryState,
    Part,
    PerformanceRow,
    PriorityChangeRow,
    StudyRow,
    StudyState,
    UploadRow,
    VerdictRow,
)
from triage_node.worklist.announcements import KEPT_SECONDS
from triage_node.worklist.workitems.performances import Step

UNDELIVERED = (
    DeliveryState.SCHEDULED, DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEAD, DeliveryState.HELD,
)  # fmt: skip
UNCOMMITTED = (CommitmentState.WANTED, CommitmentState.REQUESTED)
AT_WORK = (Step.CLAIMING, Step.PERFORMING, Step.COMPLETING, Step.CANCELING)

Condition = ColumnElement[bool] | TextClause


@dataclass(frozen=True)
class Criteria:
    """What is to be deleted of studies that are old enough.

    Parameters
    ----------
    before
        For each state the moment before which the last instance of a study came, in seconds since 1970; a study in a
        state that is not named loses nothing.
    keep_judged
        Studies stay on which a reader has given a verdict.
    keep_committed
        Studies stay of which the node has committed itself to keep an instance (PS3.4 Annex J).
    keep_uploading
        Studies stay of which a machine has something that the bucket lacks.
    """

    part: Part
    before: Mapping[StudyState, float]
    keep_judged: bool = True
    keep_committed: bool = True
    keep_uploading: bool = False

    def conditions(self, now: float) -> Iterator[Condition]:
        """Yield the conditions that a study must meet, all of them."""
        yield from self.is_old()
        yield from _is_settled(now)
        if self.keep_judged:
            yield ~exists().where(VerdictRow.study_id == StudyRow.id)
        if self.keep_committed:
            yield StudyRow.committed_at.is_(None)
        if self.keep_uploading:
            yield ~exists().where(UploadRow.study_id == StudyRow.id)

    def is_old(self) -> Iterator[Condition]:
        """Yield the conditions that a study must meet for its age, whatever else may keep it."""
        yield from _still_has(self.part)
        ages = [and_(StudyRow.state == state, StudyRow.last_received_at < at) for state, at in self.before.items()]
        # The bound that all states share is what an index serves.
        yield StudyRow.last_received_at < max(self.before.values(), default=0.0)
        yield or_(false(), *ages)


def _still_has(part: Part) -> Iterator[Condition]:
    """A part goes once what comes before it is gone; in the words of the partial indexes."""
    if part is Part.IMAGES:
        yield text(f"study.{HAS_IMAGES}")
        return
    yield StudyRow.has_images.is_(False)
    yield text(f"study.results_deleted_at IS {'' if part is Part.RESULTS else 'NOT '}NULL")


def _is_settled(now: float) -> Iterator[Condition]:
    yield StudyRow.closed_at.is_not(None)
    yield StudyRow.held.is_(False)
    yield StudyRow.deletion == ""
    of_study = DeliveryRow.study_id == StudyRow.id
    is_owed = or_(DeliveryRow.state.in_(UNDELIVERED), DeliveryRow.commitment.in_(UNCOMMITTED))
    yield ~exists().where(of_study, is_owed)
    to_raise = (PriorityChangeRow.study_id == StudyRow.id, PriorityChangeRow.state.in_(UNDELIVERED))
    yield ~exists().where(*to_raise)
    performed = (PerformanceRow.study_instance_uid == StudyRow.study_instance_uid, PerformanceRow.step.in_(AT_WORK))
    yield ~exists().where(*performed)
    announced = AnnouncementRow.study_instance_uid == StudyRow.study_instance_uid
    yield ~exists().where(announced, AnnouncementRow.noted_at > now - KEPT_SECONDS)
