"""What the node says of each label, with the thresholds that its score is to be read by, and where to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage_node.findings import LABELS, Calibration, Decision, Label
from triage_node.storage import SlicePlace, SliceScores, Spool, stored_slice_scores
from triage_node.worklist import Study

if TYPE_CHECKING:
    from triage_node.report import Summary


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label.

    Attributes
    ----------
    probability
        In [0, 1].
    percent
        The same for people, with as many digits as put it on its side of the thresholds.
    decision
        Flagged, uncertain, or not flagged.
    calibration
        The thresholds; None where the report holds none.
    limits
        The thresholds as words; empty without them.
    exception
        Why the answer is not the one that the thresholds alone would give; empty where it is.
    best_slice
        None where the slices have no scores.
    """

    label: Label
    probability: float
    percent: str
    decision: Decision
    calibration: Calibration | None
    limits: str
    exception: str
    best_slice: SlicePlace | None

    @property
    def name(self) -> str:
        """What people call it."""
        return "any hemorrhage" if self.label is Label.ANY else self.label


def label_scores(study: Study, report: "Summary | None", slice_scores: SliceScores) -> list[LabelScore]:
    """Return *any* and then the types; empty without scores.

    Parameters
    ----------
    study
        As `StudyDetails.study` returns it.
    report
        Its latest report, which knows the thresholds of its own analysis.
    slice_scores
        As `latest_slice_scores` returns them.
    """
    if study.probabilities is None:
        return []
    best = slice_scores.best()
    limits = _calibrations(study, report)
    return [_score(study, label, limits.get(label), best.get(label)) for label in (Label.ANY, *LABELS[:-1])]


def latest_slice_scores(study: Study, spool: Spool) -> SliceScores:
    """Return what the latest analysis said of each slice."""
    latest = study.latest_outcome
    return stored_slice_scores(spool, study.study_instance_uid, latest.folder if latest else None)


def _calibrations(study: Study, report: "Summary | None") -> Mapping[Label, Calibration]:
    """Return the thresholds where the report is of the latest analysis: another may have had another model."""
    latest = study.latest_outcome
    if report is None or latest is None or report.sop_instance_uid != latest.report_sop_instance_uid:
        return {}
    return {each.label: each.calibration for each in report.labels if each.calibration is not None}


def _score(study: Study, label: Label, calibration: Calibration | None, best: SlicePlace | None) -> LabelScore:
    from triage_node.report import percentages

    probability = (study.probabilities or {})[label]
    decision = _decision(study, label)
    percent, uncertain, flag = percentages(probability, calibration)
    limits = f"uncertain from {uncertain}, flagged above {flag}" if calibration else ""
    exception = _exception(study, label, decision, probability, calibration)
    return LabelScore(label, probability, percent, decision, calibration, limits, exception, best)


def _decision(study: Study, label: Label) -> Decision:
    if label in (study.flagged or ()):
        return Decision.FLAGGED
    return Decision.UNCERTAIN if label in (study.uncertain or ()) else Decision.NOT_FLAGGED


def _exception(study: Study, label: Label, decision: Decision, probability: float, limits: Calibration | None) -> str:
    """Say which rule beside the thresholds decided (`Thresholds.decide`, and images unlike the training images)."""
    if label in study.withheld:
        return "Not flagged, as the images are unlike those the model knows."
    if limits is None:
        return ""
    if decision is Decision.NOT_FLAGGED and probability >= limits.uncertain:
        return "Not counted, as any hemorrhage is below its threshold."
    if decision is Decision.UNCERTAIN and probability > limits.flag:
        return "Not flagged, as any hemorrhage is not."
    if decision is Decision.UNCERTAIN and probability < limits.uncertain:
        return _raised(study, label)
    return ""


def _raised(study: Study, label: Label) -> str:
    if study.cautions:
        return "Uncertain, as the images are."
    if label is Label.ANY:
        return "Uncertain, as one of the types is."
    return "Uncertain, as the likeliest type of a flagged study."
