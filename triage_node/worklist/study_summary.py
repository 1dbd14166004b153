"""A study as people and programs are shown it: plain values, ready for JSON."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import (
    Base,
    Group,
    OutcomeRow,
    StudyRow,
    VerdictRow,
    as_dict,
    group_of,
    latest_outcomes,
    withheld_labels,
)
from triage_node.reasons import short_words

INTERNAL = {
    "id",
    "study_id",
    "outcome_id",
    "claimed_by",
    "postponed_event_id",
    "lease_until",
    "search_text",
    "flagged_types",
    "withheld_types",
    "change_marker",
    "open_rank",
    "unfinished",
    "workitem_uid",
    "patient_name_folded",
    "referring_physician_folded",
}
OF_OUTCOME = ("status", "probabilities", "flagged", "uncertain", "reasons", "model", "image_distance")


def summaries(
    session: Session, studies: Sequence[StudyRow], now: float, maximum_wait_seconds: float
) -> list[dict[str, Any]]:
    """Return studies in the order given, each with its latest outcome and a reader's verdict on that."""
    outcomes = latest_outcomes(session, [study.id for study in studies])
    verdicts = verdicts_of(session, [outcome.id for outcome in outcomes.values()])
    shown = []
    for study in studies:
        outcome = outcomes.get(study.id)
        row = public(study)
        waited_seconds = (study.acknowledged_at or now) - study.first_received_at
        row["waiting_seconds"] = round(max(0.0, waited_seconds), 1)
        row["group"] = _group(study, now - maximum_wait_seconds)
        for key in OF_OUTCOME:
            row[key] = getattr(outcome, key) if outcome is not None else None
        row["withheld"] = withheld_labels(outcome) if outcome is not None else []
        row["cautions"] = cautions_of(outcome) if outcome is not None else []
        row["verdict"] = verdicts.get(outcome.id) if outcome is not None else None
        shown.append(row)
    return shown


def cautions_of(outcome: OutcomeRow) -> list[dict[str, str]]:
    """Return why an answer is less certain than its score says, with a few words for a list."""
    if outcome.decision is None:
        return []
    return [reason | {"words": short_words(reason["code"])} for reason in outcome.reasons]


def public(row: Base) -> dict[str, Any]:
    """Return what of a row is not internal, by column."""
    return {key: value for key, value in as_dict(row).items() if key not in INTERNAL}


def verdicts_of(session: Session, outcome_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the readers' verdicts on outcomes, by the outcome's id."""
    rows = session.scalars(select(VerdictRow).where(VerdictRow.outcome_id.in_(outcome_ids)))
    return {row.outcome_id: public(row) for row in rows}


def _group(study: StudyRow, overdue_before: float) -> Group:
    is_overdue = study.acknowledged_at is None and study.first_received_at <= overdue_before
    return group_of(study.decision, study.priority, study.withheld_types, is_overdue=is_overdue)
