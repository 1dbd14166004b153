"""What a model scores on studies it has not seen: by slice, by patient and by type."""

from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS
from triage_node.models.manifest import Manifest
from triage_node.train.evaluation.metrics import Interval, auc_interval, bootstrap, log_loss
from triage_node.train.evaluation.scored import ScoredStudy

# Slices with much brain in them: on all slices the mere size of the brain already tells a lot.
LARGE_BRAIN_CM2 = 100.0
ANY = len(LABELS) - 1


@dataclass(frozen=True)
class Row:
    """One line of the table: which rows it is about, how many are positive, and a figure per label."""

    name: str
    count: int
    positive: int
    by_label: tuple[Interval, ...]


@dataclass(frozen=True)
class Evaluation:
    """Figures of one set of studies.

    Attributes
    ----------
    rows
        AUC over all slices, slices with much brain, and patients.
    area
        AUC of the intracranial area alone, for the same three: what a model that reads nothing reaches.
    flagged, flagged_negative
        Share of the positive and of the negative studies that are flagged.
    log_loss
        Weighted log loss of the slices.
    """

    studies: int
    rows: tuple[Row, ...]
    area: tuple[Interval, ...]
    flagged: Interval
    flagged_negative: Interval
    log_loss: float


def _row(name: str, scores: np.ndarray, truth: np.ndarray, patients: np.ndarray) -> Row:
    figures = tuple(auc_interval(scores[:, k], truth[:, k], patients) for k in range(len(LABELS)))
    return Row(name, len(scores), int(truth[:, ANY].sum()), figures)


def study_flags(manifest: Manifest, studies: list[ScoredStudy]) -> np.ndarray:
    """Return ``(studies,) bool``: which studies the model flags."""
    logits = np.stack([study.study_logits for study in studies])
    found = manifest.study_scaling.probabilities(logits)
    decided = [manifest.thresholds.decide(dict(zip(LABELS, row, strict=True)))[0] for row in found]
    return np.array([bool(flagged) for flagged in decided])


def _share(flags: np.ndarray, chosen: np.ndarray) -> Interval:
    rows = flags[chosen].astype(float)
    if len(rows) == 0:
        return Interval(np.nan, np.nan, np.nan)
    return bootstrap(np.arange(len(rows)), lambda drawn: float(rows[drawn].mean()))


def evaluate(manifest: Manifest, studies: list[ScoredStudy]) -> Evaluation:
    """Return the figures of a set of scored studies."""
    logits = np.concatenate([study.logits for study in studies])
    truth = np.concatenate([study.labels for study in studies])
    area = np.concatenate([study.area_cm2 for study in studies])
    patients = np.concatenate([[study.patient] * len(study.logits) for study in studies])
    study_logits = np.stack([study.study_logits for study in studies])
    study_truth = np.stack([study.study_labels for study in studies])
    names = np.array([study.patient for study in studies])
    largest = np.array([study.area_cm2.max() for study in studies])
    much = area >= LARGE_BRAIN_CM2
    flags, positive = study_flags(manifest, studies), study_truth[:, ANY] > 0
    return Evaluation(
        studies=len(studies),
        rows=(
            _row("all slices", logits, truth, patients),
            _row(f"slices with {LARGE_BRAIN_CM2:.0f} cm2 of brain or more", logits[much], truth[much], patients[much]),
            _row("patients", study_logits, study_truth, names),
        ),
        area=(
            auc_interval(area, truth[:, ANY], patients),
            auc_interval(area[much], truth[much][:, ANY], patients[much]),
            auc_interval(largest, study_truth[:, ANY], names),
        ),
        flagged=_share(flags, positive),
        flagged_negative=_share(flags, ~positive),
        log_loss=log_loss(manifest.slice_scaling.probabilities(logits), truth),
    )


def figures(evaluation: Evaluation) -> dict[str, object]:
    """Return an evaluation as plain JSON for a manifest."""

    def plain(interval: Interval) -> list[float | None]:
        parts = (interval.value, interval.low, interval.high)
        return [round(part, 3) if np.isfinite(part) else None for part in parts]

    return {
        "studies": evaluation.studies,
        "auc": {
            row.name: {str(label): plain(figure) for label, figure in zip(LABELS, row.by_label, strict=True)}
            for row in evaluation.rows
        },
        "auc_of_brain_area_alone": {
            row.name: plain(figure) for row, figure in zip(evaluation.rows, evaluation.area, strict=True)
        },
        "positive_studies_flagged": plain(evaluation.flagged),
        "negative_studies_flagged": plain(evaluation.flagged_negative),
        "slice_log_loss": round(evaluation.log_loss, 4),
    }


def suspicious_slices(manifest: Manifest, study: ScoredStudy) -> float:
    """Return the share of a study's slices at or above the slice threshold of ``any``."""
    probabilities = manifest.slice_scaling.probabilities(study.logits)[:, ANY]
    return float(np.mean(probabilities >= manifest.slice_thresholds[LABELS[ANY]]))
