"""A new outcome of a study: its row, and what is counted and shown of it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from triage_node.database import OutcomeRow, StudyRow, decide, latest_outcome, rank_of
from triage_node.outcome import Outcome
from triage_node.statistics import count_outcome
from triage_node.storage import ResultObject
from triage_node.worklist.not_analyzed import write_reasons
from triage_node.worklist.results import list_results
from triage_node.worklist.retention.deletions import keep_results
from triage_node.worklist.transitions import record

ACTOR = "pipeline"


def write_outcome(
    session: Session,
    study: StudyRow,
    revision: int,
    outcome: Outcome,
    results: Sequence[ResultObject],
    now: float,
) -> OutcomeRow:
    """Write an outcome of a revision of a study; its state is moved and its reports are sent by the caller."""
    earlier = latest_outcome(session, study.id)
    row = OutcomeRow(study_id=study.id, revision=revision, folder=outcome.folder, created_at=now, **outcome.as_dict())
    session.add(row)
    session.flush()
    study.analyzed_revision = revision
    keep_results(study)
    count_outcome(session, study, row, earlier)
    write_reasons(session, study, row)
    if outcome.decision is not None:
        _decide(session, study, row, now)
    list_results(session, study, results, now)
    return row


def _decide(session: Session, study: StudyRow, outcome: OutcomeRow, now: float) -> None:
    before = rank_of(study)
    decide(study, outcome)
    if study.acknowledged_at is not None and rank_of(study) < before:
        # A reader has put aside what looked harmless then.
        study.acknowledged_at = study.acknowledged_by = None
        record(session, study.id, now, actor=study.claimed_by or ACTOR, code="acknowledgement_lifted")
