"""Predictors by study: what matters to a worklist, where a study is one line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS
from triage_node.models import Manifest
from triage_node.train.evaluation.metrics import Interval, auc_interval, sensitivity_interval, share
from triage_node.train.evaluation.scores import decisions
from triage_node.train.rsna.evaluation.scoring import ImageScores, SeriesScores
from triage_node.train.rsna.shards.cache import CachedSeries

ANY = len(LABELS) - 1
SPECIFICITY = 0.90
HIGHEST, OWN = "highest image", "the model's own"


@dataclass(frozen=True)
class StudyScores:
    """Probabilities of studies.

    Attributes
    ----------
    name, rule
        Who says so, and how images became a study.
    patients, truth
        ``(studies,)`` and ``(studies, 6)``.
    probabilities
        ``(studies, 6)``.
    flagged, uncertain
        ``(studies,) bool``, the answers of a model with thresholds; None where there are none.
    """

    name: str
    rule: str
    patients: np.ndarray
    truth: np.ndarray
    probabilities: np.ndarray
    flagged: np.ndarray | None = None
    uncertain: np.ndarray | None = None


@dataclass(frozen=True)
class StudyFigures:
    """What a predictor is worth by study; shares of independent studies are Wilson's, the rest resamples patients.

    Attributes
    ----------
    name, rule
        As in `StudyScores`.
    auc
        AUC of each label.
    sensitivity
        Of ``any`` at 90 % specificity.
    answers
        Shares flagged and uncertain of the studies with hemorrhage, then of those without; empty without thresholds.
    """

    name: str
    rule: str
    auc: tuple[Interval, ...]
    sensitivity: Interval
    answers: tuple[Interval, ...]


def _is_judged(series: CachedSeries) -> bool:
    """Tell whether all images of a series are labeled and some can be analyzed."""
    return len(series) > 0 and bool(series.image_known.all())


def _highest(scores: ImageScores, series: Sequence[CachedSeries]) -> np.ndarray:
    """Return ``(studies, 6)``, the highest probability of the images of each: for predictors that know no studies."""
    row = {uid: number for number, uid in enumerate(scores.images)}
    return np.stack([scores.probabilities[[row[uid] for uid in one.images]].max(axis=0) for one in series])


def by_study(
    scores: Sequence[ImageScores],
    models: Sequence[tuple[Manifest, Sequence[SeriesScores]]],
    series: Sequence[CachedSeries],
) -> list[StudyScores]:
    """Return the predictors by study, of the studies that are labeled throughout; empty where there is none.

    Parameters
    ----------
    scores
        All predictors on the labeled images of some series, those of the models last.
    models
        What each of the models says of each series.
    """
    kept = [number for number, one in enumerate(series) if _is_judged(one)]
    if not kept:
        return []
    chosen = [series[number] for number in kept]
    truth = np.array([one.patient_id for one in chosen]), np.stack([one.image_labels.max(axis=0) for one in chosen])
    others, named = scores[: len(scores) - len(models)], scores[len(scores) - len(models) :]
    found = [StudyScores(one.name, HIGHEST, *truth, _highest(one, chosen)) for one in others]
    for one, (manifest, said) in zip(named, models, strict=True):
        answered = (said[number].study_logits for number in kept)
        logits = np.stack([logits for logits in answered if logits is not None])
        probabilities = manifest.study_scaling.probabilities(logits)
        flagged, uncertain = (np.asarray(labels.any(axis=1)) for labels in decisions(manifest, probabilities))
        found.append(StudyScores(one.name, OWN, *truth, probabilities, flagged, uncertain & ~flagged))
    return found


def study_figures(scores: StudyScores) -> StudyFigures:
    """Return the figures of a predictor by study."""
    said, truth, patients = scores.probabilities, scores.truth, scores.patients
    answers: tuple[Interval, ...] = ()
    if scores.flagged is not None and scores.uncertain is not None:
        groups = truth[:, ANY] > 0, truth[:, ANY] == 0
        answers = tuple(share(part[group]) for group in groups for part in (scores.flagged, scores.uncertain))
    return StudyFigures(
        name=scores.name,
        rule=scores.rule,
        auc=tuple(auc_interval(said[:, k], truth[:, k], patients) for k in range(len(LABELS))),
        sensitivity=sensitivity_interval(said[:, ANY], truth[:, ANY], patients, SPECIFICITY),
        answers=answers,
    )
