"""Which study is read first: a suggestion to people, kept apart from which study is analyzed next."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import ColumnElement, case, text

from triage_node.database.reading_group import Rank, condition_of, group_of
from triage_node.database.tables.schema import StudyRow
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


def rank_of(study: StudyRow) -> Rank:
    """Return the place of a study that nobody has acknowledged, as far as it does not depend on the time."""
    return group_of(study.decision, study.priority, study.withheld_types).rank


def in_reading_order(now: float, maximum_wait_seconds: float) -> tuple[ColumnElement[int], ColumnElement[float]]:
    """Return the columns to sort by: a rank (`Group`), then the arrival."""
    rank = case(
        (text(condition_of(Rank.FIRST)), Rank.FIRST.value),
        (StudyRow.first_received_at <= now - maximum_wait_seconds, Rank.OVERDUE.value),
        (text(condition_of(Rank.UNCERTAIN)), Rank.UNCERTAIN.value),
        else_=Rank.REST.value,
    )
    return rank, StudyRow.first_received_at.expression


def _listed(labels: Sequence[str]) -> str:
    return f",{','.join(labels)}," if labels else ""
