"""The predictors of a run as pictures."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from triage_node.findings import LABELS
from triage_node.train.drawing import COLORS, STYLE, png
from triage_node.train.evaluation.pictures import roc_points
from triage_node.train.evaluation.reliability import Reliability
from triage_node.train.rsna.evaluation.scoring import ImageScores
from triage_node.train.rsna.reporting.resamples import LabelFigures
from triage_node.train.rsna.reporting.study_level import ANY, StudyScores
from triage_node.train.site.patient_auc import interval

CHANCE = "#BBBBBB"


def line_of(number: int, count: int) -> dict[str, Any]:
    """Return how a predictor is drawn: the last one, the model, black; those below others broader, to be seen."""
    color = COLORS[-1] if number == count - 1 else COLORS[number % (len(COLORS) - 1)]
    return {"color": color, "linewidth": 1.4 + 2.4 * (count - 1 - number) / max(count - 1, 1)}


def precision_recall_points(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return recall and precision, one point for each distinct score, from the highest score on."""
    order = np.argsort(-scores, kind="stable")
    ordered, positive = scores[order], np.asarray(truth)[order] > 0
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    found = np.cumsum(positive)[last]
    return found / max(positive.sum(), 1), found / (last + 1)


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean precision over the steps of recall, nan when no image has the label.

    Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), 8.4; without interpolation.
    """
    if not np.any(truth):
        return float("nan")
    recall, precision = precision_recall_points(scores, truth)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _grid(figure: Figure) -> Iterator[tuple[int, str, Any]]:
    for k, axes in enumerate(figure.subplots(2, 3).flat):
        yield k, str(LABELS[k]), axes


def _title(axes: Any, label: str, truth: np.ndarray) -> None:
    axes.set_title(f"{label}: {int(truth.sum()):,} of {len(truth):,}")


def roc(predictors: Sequence[ImageScores]) -> Figure:
    """Draw a ROC curve of each predictor, by label."""
    figure = Figure(figsize=(12, 8.2), layout="constrained")
    for k, label, axes in _grid(figure):
        axes.plot([0, 1], [0, 1], color=CHANCE, linewidth=1, linestyle=":")
        for number, scores in enumerate(predictors):
            said, truth = scores.probabilities[:, k], scores.truth[:, k]
            if 0 < truth.sum() < len(truth):
                axes.plot(*roc_points(said, truth), label=scores.name, **line_of(number, len(predictors)))
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        _title(axes, label, predictors[-1].truth[:, k])
    _legend(figure)
    return figure


def precision_recall(predictors: Sequence[ImageScores]) -> Figure:
    """Draw precision over recall of each predictor, by label; the dotted line is the share of images with it."""
    figure = Figure(figsize=(12, 8.2), layout="constrained")
    for k, label, axes in _grid(figure):
        truth = predictors[-1].truth[:, k]
        axes.axhline(truth.mean(), color=CHANCE, linewidth=1, linestyle=":")
        for number, scores in enumerate(predictors):
            if truth.any():
                points = precision_recall_points(scores.probabilities[:, k], truth)
                style = line_of(number, len(predictors)) | {"drawstyle": "steps-post"}
                axes.plot(*points, label=scores.name, **style)
        axes.set(xlabel="recall", ylabel="precision", xlim=(-0.01, 1.01), ylim=(-0.01, 1.03))
        _title(axes, label, truth)
    _legend(figure)
    return figure


def _legend(figure: Figure) -> None:
    """Name the predictors once, below all axes."""
    for axes in figure.axes:
        handles, names = axes.get_legend_handles_labels()
        if names:
            figure.legend(handles, names, loc="outside lower center", ncols=len(names))
            return


def losses(names: Sequence[str], figures: Sequence[LabelFigures]) -> Figure:
    """Draw the log loss of each label, one point a predictor, with its interval over patients."""
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    axes = figure.subplots()
    for number, (name, found) in enumerate(zip(names, figures, strict=True)):
        columns = [*(interval(column) for column in found.losses.T), interval(found.weighted)]
        values = np.array([one.value for one in columns])
        reach = np.array([[one.value - one.low, one.high - one.value] for one in columns]).clip(0).T
        at = np.arange(len(columns)) + 0.7 * ((number + 0.5) / len(names) - 0.5)
        style: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5, "capsize": 2}
        axes.errorbar(at, values, reach, color=line_of(number, len(names))["color"], label=name, **style)
    axes.set_xticks(range(len(LABELS) + 1), [*map(str, LABELS), "weighted, as the\ncompetition counts"])
    axes.set(yscale="log", ylabel="log loss (lower is better)")
    axes.grid(False, axis="x")
    _legend(figure)
    return figure


def reliability(found: Sequence[Reliability]) -> Figure:
    """Draw what the model said of each label against how often it was true; rare labels fill a corner, so in logs."""
    figure = Figure(figsize=(12, 8.2), layout="constrained")
    for k, label, axes in _grid(figure):
        axes.plot([1e-4, 1], [1e-4, 1], color=CHANCE, linewidth=1, linestyle=":")
        bins = [part for part in found[k].bins if part.observed.value > 0]
        said, seen = [part.predicted for part in bins], np.array([part.observed.value for part in bins])
        low = np.array([max(part.observed.low, 1e-4) for part in bins])
        reach = np.stack([seen - low, np.array([part.observed.high for part in bins]) - seen]).clip(0)
        axes.errorbar(said, seen, reach, color=COLORS[k], marker="o", markersize=5, linewidth=1.4, capsize=2)
        axes.set(xscale="log", yscale="log", xlim=(1e-4, 1.1), ylim=(1e-4, 1.1))
        axes.set(xlabel="probability", ylabel="share that has it")
        never = len(found[k].bins) - len(bins)
        axes.set_title(f"{label}: calibration error {found[k].calibration_error:.4f}")
        if never:
            axes.text(0.03, 0.93, f"{never} of {len(found[k].bins)} bins without any", transform=axes.transAxes)
    return figure


def studies(predictors: Sequence[StudyScores]) -> Figure:
    """Draw the ROC curve of each predictor for any hemorrhage in a study, and the model's scores of studies."""
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=CHANCE, linewidth=1, linestyle=":")
    for number, scores in enumerate(predictors):
        said, truth = scores.probabilities[:, ANY], scores.truth[:, ANY]
        if 0 < truth.sum() < len(truth):
            left.plot(*roc_points(said, truth), label=scores.name, **line_of(number, len(predictors)))
    left.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    _title(left, "any, by study", predictors[-1].truth[:, ANY])
    _legend(figure)
    said, truth = predictors[-1].probabilities[:, ANY], predictors[-1].truth[:, ANY] > 0
    groups = [said[~truth], said[truth]]
    right.hist(
        groups, np.linspace(0, 1, 21), stacked=True, color=[COLORS[1], COLORS[0]], label=["without", "with hemorrhage"]
    )
    right.set(xlabel=f"probability of any hemorrhage, {predictors[-1].name}", ylabel="studies", title="studies")
    right.legend(loc="upper center")
    return figure


def draw(
    predictors: Sequence[ImageScores],
    figures: Sequence[LabelFigures],
    reliabilities: Sequence[Reliability],
    by_study: Sequence[StudyScores],
    dpi: int = 100,
) -> dict[str, bytes]:
    """Return the pictures as PNG by name."""
    names = [scores.name for scores in predictors]
    with rc_context({**STYLE, "figure.dpi": dpi}):
        found = {
            "roc": png(roc(predictors)),
            "precision-recall": png(precision_recall(predictors)),
            "losses": png(losses(names, figures)),
            "reliability": png(reliability(reliabilities)),
        }
        if by_study:
            found["studies"] = png(studies(by_study))
        return found
