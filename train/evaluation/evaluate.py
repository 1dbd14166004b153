"""What a model is worth on studies it has not seen: by slice, by patient, by type and by size of the lesion."""

from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS
from triage_node.models import Manifest
from triage_node.train.evaluation.bars import Bar, generated_bars
from triage_node.train.evaluation.by_thickness import ThicknessBin, by_thickness
from triage_node.train.evaluation.by_volume import ClearLesions, VolumeBin, clear_lesions, sensitivity_by_volume
from triage_node.train.evaluation.frozen import LesionComparison, compare_lesions, read_frozen_set
from triage_node.train.evaluation.metrics import Interval, auc_interval, log_loss, sensitivity_interval, share
from triage_node.train.evaluation.reliability import Reliability, reliability
from triage_node.train.evaluation.scored import ScoredStudy
from triage_node.train.evaluation.scores import ANY, Rows, Scores, gather

SPECIFICITIES = (0.90, 0.95)


@dataclass(frozen=True)
class Row:
    """One line of a table: which rows it is about, how many are positive, and a figure per label."""

    name: str
    count: int
    positive: int
    by_label: tuple[Interval, ...]


@dataclass(frozen=True)
class Answers:
    """Shares of studies that are flagged, uncertain and not flagged."""

    flagged: Interval
    uncertain: Interval
    not_flagged: Interval


@dataclass(frozen=True)
class Evaluation:
    """Figures of one set of studies.

    Attributes
    ----------
    rows
        AUC over all slices, slices with much brain, and patients.
    area
        AUC of the intracranial area alone, for the same three: what a model that reads nothing reaches.
    sensitivity
        Sensitivity of slices and of patients at each of `SPECIFICITIES`.
    reliability
        Of the probabilities of ``any``, for studies and for slices.
    by_thickness
        Figures by the distance between slices.
    clear_lesions, by_volume, lesions
        Figures by size of the lesion, and the lesions beside published ones; empty where volumes are not known.
    positive, negative
        Answers to the studies with and without hemorrhage.
    log_loss
        Weighted log loss of the slices.
    """

    studies: int
    rows: tuple[Row, ...]
    area: tuple[Interval, ...]
    sensitivity: tuple[Row, ...]
    reliability: tuple[Reliability, Reliability]
    by_thickness: tuple[ThicknessBin, ...]
    clear_lesions: tuple[ClearLesions, ...]
    by_volume: tuple[VolumeBin, ...]
    lesions: tuple[LesionComparison, ...]
    positive: Answers
    negative: Answers
    log_loss: float

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Return what must be reached on generated studies; none are set for anybody's own."""
        return generated_bars(self) if self.lesions else ()


def _auc_row(rows: Rows) -> Row:
    found = tuple(
        auc_interval(told.logits[:, k], told.truth[:, k], told.patients)
        for k, told in enumerate(map(rows.told, range(len(LABELS))))
    )
    return Row(rows.name, len(rows.logits), int(rows.truth[:, ANY].sum()), found)


def _sensitivity_row(rows: Rows, specificity: float) -> Row:
    found = tuple(
        sensitivity_interval(told.logits[:, k], told.truth[:, k], told.patients, specificity)
        for k, told in enumerate(map(rows.told, range(len(LABELS))))
    )
    name = f"{rows.name} at {specificity:.0%} specificity"
    return Row(name, len(rows.logits), int(rows.truth[:, ANY].sum()), found)


def _answers(scores: Scores, chosen: np.ndarray) -> Answers:
    """Return the answers to some of the studies; a study is flagged, uncertain or not as a whole."""
    flagged = scores.flagged[chosen].any(axis=1)
    uncertain = scores.uncertain[chosen].any(axis=1) & ~flagged
    return Answers(share(flagged), share(uncertain), share(~flagged & ~uncertain))


def _lesions(scores: Scores) -> tuple[LesionComparison, ...]:
    if scores.volume_ml is None or scores.lesion_hu is None:
        return ()
    return compare_lesions(read_frozen_set(), scores.volume_ml, scores.lesion_hu)


def study_flags(manifest: Manifest, studies: list[ScoredStudy]) -> np.ndarray:
    """Return ``(studies,) bool``: which studies the model flags."""
    return np.asarray(gather(manifest, studies).flagged.any(axis=1))


def measure(scores: Scores) -> Evaluation:
    """Return the figures of a model's scores."""
    studies, slices = scores.studies, scores.slices
    positive = studies.truth[:, ANY] > 0
    reliabilities = (
        reliability("studies", scores.study_probabilities[:, ANY], positive, studies.patients),
        reliability("slices", scores.slice_probabilities[:, ANY], slices.truth[:, ANY] > 0, slices.patients),
    )
    return Evaluation(
        studies=len(studies.logits),
        rows=tuple(_auc_row(rows) for rows in scores.compared),
        area=tuple(auc_interval(rows.area_cm2, rows.truth[:, ANY], rows.patients) for rows in scores.compared),
        sensitivity=tuple(_sensitivity_row(rows, cut) for rows in (slices, studies) for cut in SPECIFICITIES),
        reliability=reliabilities,
        by_thickness=by_thickness(scores),
        clear_lesions=clear_lesions(scores),
        by_volume=sensitivity_by_volume(scores),
        lesions=_lesions(scores),
        positive=_answers(scores, positive),
        negative=_answers(scores, ~positive),
        log_loss=log_loss(scores.slice_probabilities, slices.truth),
    )


def evaluate(manifest: Manifest, studies: list[ScoredStudy]) -> Evaluation:
    """Return the figures of a set of scored studies."""
    return measure(gather(manifest, studies))


def suspicious_slices(manifest: Manifest, study: ScoredStudy) -> float:
    """Return the share of a study's slices at or above the slice threshold of ``any``."""
    probabilities = manifest.slice_scaling.probabilities(study.logits)[:, ANY]
    return float(np.mean(probabilities >= manifest.slice_thresholds[LABELS[ANY]]))
