"""What a person may do to a study."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import (
    CommentRow,
    Database,
    OutcomeRow,
    StudyRow,
    StudyState,
    VerdictRow,
    flagged_times,
    latest_outcome,
)
from triage_node.errors import IllegalMove, InvalidInput, StudyNotFound
from triage_node.findings import TYPES, Decision
from triage_node.statistics import count_acknowledged, count_verdict
from triage_node.worklist.outbox.schedule import begin_escalations_anew, settle_escalations
from triage_node.worklist.read_models import images_deleted_on
from triage_node.worklist.retention.deletions import keep_rows
from triage_node.worklist.transitions import move, record

LONGEST_COMMENT = 2000


class ReaderActions:
    """Changes on a person's word; each leaves an event with their name."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def requeue(self, study_instance_uid: str, actor: str) -> None:
        """Put a study back in the queue, whatever came of it before.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        IllegalMove
            The study is in the queue or being analyzed already, or its images were deleted.
        """
        with self._database.write() as session:
            study = _study(session, study_instance_uid)
            if study.state in (StudyState.READY, StudyState.ANALYZING):
                raise IllegalMove(f"The study is {study.state} already.")
            if study.images_deleted_at is not None and not study.has_images:
                deleted = images_deleted_on(study.images_deleted_at)
                raise IllegalMove(f"{deleted} Have them sent again, or fetch them, and then analyze it again.")
            study.attempts, study.interruptions, study.held = 0, 0, False
            study.closed_at = study.closed_at or self._clock()
            move(session, study, StudyState.READY, self._clock(), actor=actor, code="requeued")

    def acknowledge(self, study_instance_uid: str, actor: str) -> None:
        """Take a study off the list of what is to be read; who was to be told if nobody did is not told any more.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        IllegalMove
            Someone has acknowledged it already.
        """
        with self._database.write() as session:
            study = _study(session, study_instance_uid)
            if study.acknowledged_at is not None:
                raise IllegalMove(f"{study.acknowledged_by} has acknowledged the study already.")
            at = study.acknowledged_at = self._clock()
            study.acknowledged_by = actor
            seconds = seconds_to_acknowledgement(session, study)
            message = "" if seconds is None else f"{seconds:.0f} s after it was flagged"
            record(session, study.id, at, actor=actor, code="acknowledged", message=message)
            if seconds is not None:
                count_acknowledged(session, at, seconds)
            settle_escalations(session, study.id, at)

    def unacknowledge(self, study_instance_uid: str, actor: str) -> None:
        """Put a study back on the list of what is to be read.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        IllegalMove
            Nobody has acknowledged it.
        """
        with self._database.write() as session:
            study = _study(session, study_instance_uid)
            if study.acknowledged_at is None:
                raise IllegalMove("Nobody has acknowledged the study.")
            seconds = seconds_to_acknowledgement(session, study)
            if seconds is not None:
                count_acknowledged(session, study.acknowledged_at, seconds, by=-1)
            study.acknowledged_at = study.acknowledged_by = None
            record(session, study.id, self._clock(), actor=actor, code="unacknowledged")
            begin_escalations_anew(session, study.id, self._clock())

    def comment(self, study_instance_uid: str, text: str, actor: str) -> None:
        """Write something about a study; the event does not repeat it, as it may name the patient.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        InvalidInput
            The text is empty or too long.
        """
        text = text.strip().replace("\0", "")
        if not 1 <= len(text) <= LONGEST_COMMENT:
            raise InvalidInput(f"A comment has 1 to {LONGEST_COMMENT} characters.")
        with self._database.write() as session:
            study = _study(session, study_instance_uid)
            session.add(CommentRow(study_id=study.id, at=self._clock(), actor=actor, text=text))
            record(session, study.id, self._clock(), actor=actor, code="commented")

    def give_verdict(self, study_instance_uid: str, agrees: bool, types: Sequence[str], actor: str) -> None:
        """Say whether the latest analysis of a study is right; a later word replaces an earlier one.

        Parameters
        ----------
        agrees
            Of a flagged or uncertain study: there is a hemorrhage; of one that is not flagged: there is none.
        types
            The types the reader saw. Empty with an agreement means those that were flagged; with a disagreement on a
            flagged or uncertain study it means none, on one that was not flagged that the types are not told.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        InvalidInput
            A type is unknown, types are given although there is said to be no hemorrhage, or the flagged types with a
            disagreement.
        IllegalMove
            The study has no analysis to give a verdict on.
        """
        seen = [label.value for label in TYPES if label in set(types)]
        if unknown := set(types) - set(TYPES):
            raise InvalidInput(f"{', '.join(sorted(unknown))} is no type of hemorrhage.")
        with self._database.write() as session:
            study = _study(session, study_instance_uid)
            outcome = _latest_analysis(session, study)
            claims = outcome.decision != Decision.NOT_FLAGGED
            if agrees and not claims and seen:
                raise InvalidInput("Who agrees that nothing was to be flagged has seen no type of hemorrhage.")
            if agrees and claims and not seen:
                seen = [label.value for label in TYPES if label in outcome.flagged]
            if not agrees and claims and seen and set(seen) == set(outcome.flagged) & set(TYPES):
                raise InvalidInput("These are the types that were flagged: who disagrees has seen others, or none.")
            present = bool(seen) or agrees == claims
            keep_rows(study)
            verdict = VerdictRow(
                study_id=study.id,
                outcome_id=outcome.id,
                at=self._clock(),
                actor=actor,
                agrees=agrees,
                present=present,
                types=seen,
            )
            _replace(session, study, outcome, verdict)
            message = f"{'agrees' if agrees else 'disagrees'}: {', '.join(seen) or 'no types'}"
            record(session, study.id, self._clock(), actor=actor, code="judged", message=message)


def seconds_to_acknowledgement(session: Session, study: StudyRow) -> float | None:
    """Return how long a study that is acknowledged was flagged before; None when it was not."""
    flagged_at = flagged_times(session, [study.id]).get(study.id)
    if flagged_at is None or study.acknowledged_at is None or study.acknowledged_at < flagged_at:
        return None
    return study.acknowledged_at - flagged_at


def _study(session: Session, study_instance_uid: str) -> StudyRow:
    found = select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid).with_for_update()
    study = session.scalar(found)
    if study is None:
        raise StudyNotFound(f"The worklist has no study {study_instance_uid}.")
    return study


def _latest_analysis(session: Session, study: StudyRow) -> OutcomeRow:
    """Return the latest outcome that has a decision, which a reader sees and may have a word on."""
    outcome = latest_outcome(session, study.id)
    if outcome is None or outcome.decision is None:
        raise IllegalMove("The study has no analysis to judge.")
    return outcome


def _replace(session: Session, study: StudyRow, outcome: OutcomeRow, verdict: VerdictRow) -> None:
    earlier = session.scalar(select(VerdictRow).where(VerdictRow.outcome_id == outcome.id))
    if earlier is not None:
        count_verdict(session, study, outcome, earlier, by=-1)
        session.delete(earlier)
        session.flush()
    session.add(verdict)
    count_verdict(session, study, outcome, verdict, by=1)
