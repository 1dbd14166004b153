"""What an adaptation gained on patients it had not seen: paired differences, with intervals over patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS, Label
from triage_node.train.calibration.conformal import UNCOUNTED
from triage_node.train.evaluation.metrics import Interval
from triage_node.train.evaluation.scores import LARGE_BRAIN_CM2, LARGE_SLICES, PATIENTS, SLICES
from triage_node.train.site.cases import CaseScores
from triage_node.train.site.patient_auc import PatientAuc, interval


@dataclass(frozen=True)
class Gain:
    """AUC of one label on one kind of row, before and after.

    Attributes
    ----------
    rows, label
        What was scored: slices or patients, and for which label.
    count, positive
        Rows, and those with the label.
    before, after
        AUC of the model as it was, and of the mean of the adapted models' scores.
    paired
        `after` minus `before` on the same resampled patients.
    of_seeds
        Mean over the seeds of the gain of each alone.
    """

    rows: str
    label: Label
    count: int
    positive: int
    before: Interval
    after: Interval
    paired: Interval
    of_seeds: Interval


@dataclass(frozen=True)
class _Rows:
    """Scores of rows ``(count, 6)`` before and after (by seed), their truth and patients."""

    name: str
    before: np.ndarray
    seeds: list[np.ndarray]
    truth: np.ndarray
    patients: np.ndarray

    def where(self, name: str, chosen: np.ndarray) -> "_Rows":
        seeds = [scores[chosen] for scores in self.seeds]
        return _Rows(name, self.before[chosen], seeds, self.truth[chosen], self.patients[chosen])

    def tells(self, k: int) -> bool:
        """Tell whether label k was told of any row."""
        return bool(np.any(self.truth[:, k] != UNCOUNTED))

    def gain(self, k: int) -> Gain:
        """Return the gain of label k, on the rows of which it was told."""
        told = self.where(self.name, self.truth[:, k] != UNCOUNTED)
        return told._gain(k)

    def _gain(self, k: int) -> Gain:
        counted = PatientAuc(self.patients, self.truth[:, k])
        before, after = counted.of(self.before[:, k]), counted.of(np.mean(self.seeds, axis=0)[:, k])
        of_seeds = np.mean([counted.of(scores[:, k]) for scores in self.seeds], axis=0)
        return Gain(
            rows=self.name,
            label=LABELS[k],
            count=len(self.truth),
            positive=int((self.truth[:, k] > 0).sum()),
            before=interval(before),
            after=interval(after),
            paired=interval(after - before),
            of_seeds=interval(of_seeds - before),
        )


def _slices(before: Sequence[CaseScores], seeds: Sequence[Sequence[CaseScores]]) -> tuple[_Rows, np.ndarray]:
    """Return all labeled slices and their intracranial area."""

    def logits(scores: Sequence[CaseScores]) -> np.ndarray:
        return np.concatenate([one.logits[one.case.known] for one in scores])

    cases = [one.case for one in before]
    rows = _Rows(
        SLICES,
        logits(before),
        [logits(scores) for scores in seeds],
        np.concatenate([case.labels[case.known] for case in cases]),
        np.concatenate([np.full(int(case.known.sum()), case.patient) for case in cases]),
    )
    return rows, np.concatenate([case.area_cm2[case.known] for case in cases])


def _patients(before: Sequence[CaseScores], seeds: Sequence[Sequence[CaseScores]]) -> _Rows:
    return _Rows(
        PATIENTS,
        np.stack([one.study_logits for one in before]),
        [np.stack([one.study_logits for one in scores]) for scores in seeds],
        np.stack([one.case.study_labels for one in before]),
        np.array([one.case.patient for one in before]),
    )


def gains(before: Sequence[CaseScores], seeds: Sequence[Sequence[CaseScores]]) -> list[Gain]:
    """Return the gains on all slices, on those with much brain and on patients, each for all labels.

    Parameters
    ----------
    before
        Scores of the model as it was, one a case.
    seeds
        For each seed the out-of-fold scores of the same cases.
    """
    slices, area = _slices(before, seeds)
    much = slices.where(LARGE_SLICES, area >= LARGE_BRAIN_CM2)
    kinds = [slices, much, _patients(before, seeds)]
    return [rows.gain(k) for rows in kinds for k in reversed(range(len(LABELS))) if rows.tells(k)]


def conclusion(found: Sequence[Gain]) -> str:
    """Return what the gains say of the new weights: by *any*, the label that flags, on patients."""
    [gain] = [one for one in found if one.rows == PATIENTS and one.label is Label.ANY]
    paired = gain.paired
    figures = (
        f"paired gain of any by patient {paired.value:+.3f}, 95 % interval {paired.low:+.3f} to {paired.high:+.3f}"
    )
    if not np.isfinite([paired.value, paired.low, paired.high]).all():
        return "Nothing can be said of the new weights: all patients, or none, have hemorrhage. Keep the old model."
    if paired.low > 0:
        return f"Better on patients that the fit had not seen ({figures})."
    if paired.high < 0:
        return f"Worse on patients that the fit had not seen ({figures}): keep the old model."
    return f"Not shown to be better ({figures}): keep the old model."


def mean_scores(seeds: Sequence[Sequence[CaseScores]]) -> list[CaseScores]:
    """Return for each case the mean of its scores over the seeds."""
    return [
        CaseScores(scores[0].case, np.mean([one.logits for one in scores], axis=0))
        for scores in zip(*seeds, strict=True)
    ]
