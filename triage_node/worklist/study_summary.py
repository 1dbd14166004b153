"""Studies as lists show them: each with its latest outcome and a reader's verdict on that."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import Group, OutcomeRow, StudyRow, VerdictRow, group_of, latest_outcomes, withheld_labels
from triage_node.reasons import short_words
from triage_node.worklist.read_models import Caution, StudySummary, Verdict, made_from, reasons_of


def summaries(
    session: Session, studies: Sequence[StudyRow], now: float, maximum_wait_seconds: float
) -> list[StudySummary]:
    """Return studies in the order given."""
    outcomes = latest_outcomes(session, [study.id for study in studies])
    verdicts = verdicts_of(session, [outcome.id for outcome in outcomes.values()])
    found = []
    for study in studies:
        outcome = outcomes.get(study.id)
        waited_seconds = (study.acknowledged_at or now) - study.first_received_at
        found.append(
            made_from(
                StudySummary,
                study,
                waiting_seconds=round(max(0.0, waited_seconds), 1),
                group=_group(study, now - maximum_wait_seconds),
                status=outcome and outcome.status,
                probabilities=outcome and outcome.probabilities,
                flagged=outcome and outcome.flagged,
                uncertain=outcome and outcome.uncertain,
                reasons=reasons_of(outcome.reasons) if outcome is not None else None,
                model=outcome and outcome.model,
                image_distance=outcome and outcome.image_distance,
                withheld=withheld_labels(outcome) if outcome is not None else [],
                cautions=cautions_of(outcome) if outcome is not None else [],
                verdict=verdicts.get(outcome.id) if outcome is not None else None,
            )
        )
    return found


def cautions_of(outcome: OutcomeRow) -> list[Caution]:
    """Return why an answer is less certain than its score says."""
    if outcome.decision is None:
        return []
    return [Caution(one.code, one.message, short_words(one.code)) for one in reasons_of(outcome.reasons)]


def verdicts_of(session: Session, outcome_ids: Sequence[int]) -> dict[int, Verdict]:
    """Return the readers' verdicts on outcomes, by the outcome's id."""
    rows = session.scalars(select(VerdictRow).where(VerdictRow.outcome_id.in_(outcome_ids)))
    return {row.outcome_id: made_from(Verdict, row) for row in rows}


def _group(study: StudyRow, overdue_before: float) -> Group:
    is_overdue = study.acknowledged_at is None and study.first_received_at <= overdue_before
    return group_of(study.decision, study.priority, study.withheld_types, is_overdue=is_overdue)
