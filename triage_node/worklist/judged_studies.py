"""What readers said of studies, for who calibrates a model on it: one word a study, and nothing that nobody said."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from triage_node.database import Database, EventRow, OutcomeRow, StudyRow, VerdictRow, start_of
from triage_node.findings import TYPES, Label

JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class JudgedStudy:
    """The last word of a reader on a study.

    Attributes
    ----------
    decision, model
        What was judged: the node's answer, and whose it was.
    judged_at
        Seconds since 1970.
    agrees
        Whether the reader agreed with the answer.
    labels
        What the reader said of each label, *any* included. None where nothing was said: of every type where there is a
        hemorrhage and nobody told which; of one that the node was uncertain about where the reader agreed in one word.
    """

    study_instance_uid: str
    patient_id: str
    study_date: str
    decision: str
    model: Mapping[str, str]
    judged_at: float
    judged_by: str
    agrees: bool
    labels: Mapping[str, bool | None]

    @property
    def patient(self) -> str:
        """Whose it is: the Patient ID, and of a study without one the study itself."""
        return self.patient_id or self.study_instance_uid


@dataclass(frozen=True, slots=True)
class Feedback:
    """The judged studies, oldest word first, and what is not among them.

    Attributes
    ----------
    repeated
        Studies that were judged more than once; the last word counts.
    outdated
        Studies whose last word is older than their latest images; nothing was said of those.
    analyzed, judged
        Studies with an answer, and those judged among them, by decision, whenever they were judged.
    """

    studies: Sequence[JudgedStudy]
    repeated: int
    outdated: int
    analyzed: Mapping[str, int]
    judged: Mapping[str, int]


class JudgedStudies:
    """Read what readers said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def feedback(self, since: date | None = None) -> Feedback:
        """Return the last word on each study that was judged, from a local day on.

        A study that nobody judged is not among them: that nobody said anything is no word on what it shows.
        """
        with self._database.read() as session:
            rows = session.execute(
                select(VerdictRow, OutcomeRow, StudyRow)
                .join(OutcomeRow, VerdictRow.outcome_id == OutcomeRow.id)
                .join(StudyRow, VerdictRow.study_id == StudyRow.id)
                .order_by(VerdictRow.at, VerdictRow.id)
            ).all()
            last = {study.id: (verdict, outcome, study) for verdict, outcome, study in rows}
            words = dict(
                session.execute(
                    select(EventRow.study_id, func.count()).where(EventRow.code == JUDGED).group_by(EventRow.study_id)
                ).all()
            )
            decided = select(StudyRow.decision, func.count()).where(StudyRow.decision.is_not(None))
            counted = session.execute(decided.group_by(StudyRow.decision)).all()
        begin = float("-inf") if since is None else start_of(since)
        in_time = [one for one in last.values() if one[0].at >= begin]
        current = [one for one in in_time if one[1].revision == one[2].revision]
        return Feedback(
            studies=[_judged(*one) for one in sorted(current, key=lambda one: one[0].at)],
            repeated=sum(words.get(study.id, 0) > 1 for _, _, study in current),
            outdated=len(in_time) - len(current),
            analyzed={decision: number for decision, number in counted if decision},
            judged=Counter(study.decision for _, _, study in last.values() if study.decision),
        )


def _judged(verdict: VerdictRow, outcome: OutcomeRow, study: StudyRow) -> JudgedStudy:
    return JudgedStudy(
        study_instance_uid=study.study_instance_uid,
        patient_id=study.patient_id.strip(),
        study_date=study.study_date,
        decision=outcome.decision or "",
        model=outcome.model,
        judged_at=verdict.at,
        judged_by=verdict.actor,
        agrees=verdict.agrees,
        labels=_labels(verdict, outcome),
    )


def _labels(verdict: VerdictRow, outcome: OutcomeRow) -> dict[str, bool | None]:
    flagged = {label for label in TYPES if label in outcome.flagged}
    untold: set[str] = set()
    if verdict.present and not verdict.types:
        untold = set(TYPES)
    elif verdict.present and verdict.agrees and flagged == set(verdict.types):
        untold = set(outcome.uncertain)
    types = {label.value: None if label in untold else label in verdict.types for label in TYPES}
    return {**types, Label.ANY.value: verdict.present}
