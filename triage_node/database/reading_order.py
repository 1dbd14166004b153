"""Which study is read first: a suggestion to people, kept apart from which study is analyzed next."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import ColumnElement, case, or_

from triage_node.database.schema import StudyRow
from triage_node.findings import Decision, Label
from triage_node.reasons import ReasonCode

LIKELY = 0.5
"""Score of *any* from which on an unfamiliar study is read with the flagged ones, where its thresholds are unknown."""


class Answered(Protocol):
    """The answer to a study as far as the reading order goes by it; an `OutcomeRow` is one."""

    decision: str | None
    reasons: list[dict[str, str]]
    probabilities: dict[str, float] | None
    flagged: list[str]
    withheld: list[str] | None


def withheld_labels(outcome: Answered) -> list[str]:
    """Return the labels that are not flagged for no other reason than that the images are unlike the training images.

    What the model does not tell, as older ones do not, is taken from the score.
    """
    if outcome.decision != Decision.UNCERTAIN:
        return []
    if outcome.withheld is not None:
        return outcome.withheld
    is_unfamiliar = any(reason["code"] == ReasonCode.OUT_OF_DISTRIBUTION for reason in outcome.reasons)
    is_likely = (outcome.probabilities or {}).get(Label.ANY, 0.0) >= LIKELY
    return [Label.ANY.value] if is_unfamiliar and is_likely else []


def decide(study: StudyRow, outcome: Answered) -> None:
    """Write into a study's row what lists and the reading order take from its answer."""
    study.decision = outcome.decision
    study.flagged_types = _listed(outcome.flagged)
    study.withheld_types = _listed(withheld_labels(outcome))


def open_rank(decision: str | None, priority: int, withheld_types: str = "") -> int:
    """Return a study's place as far as it does not depend on the time; the database computes the same (`schema`)."""
    if decision == Decision.FLAGGED or priority > 0 or withheld_types:
        return 0
    return 2 if decision == Decision.UNCERTAIN else 3


def rank_of(study: StudyRow) -> int:
    """Return the place of a study that nobody has acknowledged."""
    return open_rank(study.decision, study.priority, study.withheld_types)


def in_reading_order(now: float, maximum_wait_seconds: float) -> tuple[ColumnElement[int], ColumnElement[float]]:
    """Return the columns to sort by: a rank, then the arrival.

    Flagged studies, those that came as urgent, so that no priority is ever lowered, and those whose score would flag
    them if their images were like the training images are first; then whatever has waited longer than the maximum, so
    that a missed case does not sink; then uncertain ones; then the rest.
    """
    rank = case(
        (or_(StudyRow.decision == Decision.FLAGGED, StudyRow.priority > 0, StudyRow.withheld_types != ""), 0),
        (StudyRow.first_received_at <= now - maximum_wait_seconds, 1),
        (StudyRow.decision == Decision.UNCERTAIN, 2),
        else_=3,
    )
    return rank, StudyRow.first_received_at.expression


def _listed(labels: Sequence[str]) -> str:
    return f",{','.join(labels)}," if labels else ""
