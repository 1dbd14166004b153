"""The figures of an evaluation as pictures."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from triage_node.findings import LABELS
from triage_node.models import Manifest
from triage_node.train.drawing import COLORS, STYLE, png
from triage_node.train.evaluation.by_volume import VolumeBin
from triage_node.train.evaluation.evaluate import Evaluation
from triage_node.train.evaluation.reliability import Reliability
from triage_node.train.evaluation.scores import ANY, Rows, Scores

POSITIVE, NEGATIVE, LINE = "#D55E00", "#0072B2", "#555555"
# Probabilities pile up at both ends, so they are drawn in logits.
TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
NARROWEST = 0.0005


def _logit(probabilities: np.ndarray | float) -> np.ndarray:
    clipped = np.clip(probabilities, NARROWEST, 1 - NARROWEST)
    return np.asarray(np.log(clipped / (1 - clipped)))


def roc_points(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return false and true positive rates from (0, 0) to (1, 1), one point for each distinct score."""
    order = np.argsort(-scores, kind="stable")
    ordered, positive = scores[order], np.asarray(truth)[order] > 0
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    true, false = np.cumsum(positive)[last], np.cumsum(~positive)[last]
    return np.append(0, false / max((~positive).sum(), 1)), np.append(0, true / max(positive.sum(), 1))


def _draw_roc(axes: Any, rows: Rows, aucs: tuple[float, ...]) -> None:
    axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=1, linestyle=":")
    for k, label in enumerate(LABELS):
        if np.isfinite(aucs[k]):
            told = rows.told(k)
            false, true = roc_points(told.logits[:, k], told.truth[:, k])
            name, width = f"{label} {aucs[k]:.3f}", 2.2 if k == ANY else 1.4
            axes.plot(false, true, color=COLORS[k], linewidth=width, label=name)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    if np.isfinite(aucs).any():
        axes.legend(loc="lower right", title="AUC", alignment="left")


def roc(scores: Scores, evaluation: Evaluation) -> Figure:
    """Draw the ROC curve of each label, by slice and by patient."""
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    for axes, index in zip(figure.subplots(1, 2), (0, 2), strict=True):
        rows, row = scores.compared[index], evaluation.rows[index]
        _draw_roc(axes, rows, tuple(interval.value for interval in row.by_label))
        axes.set_title(f"{row.name}: {row.positive} of {row.count} with hemorrhage")
    return figure


def _draw_reliability(axes: Any, below: Any, found: Reliability, probabilities: np.ndarray) -> None:
    predicted = np.array([part.predicted for part in found.bins])
    seen = np.array([part.observed.value for part in found.bins])
    reach = np.array(
        [[part.observed.value - part.observed.low, part.observed.high - part.observed.value] for part in found.bins]
    )
    axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=1, linestyle=":")
    axes.errorbar(
        predicted, seen, np.clip(reach, 0, None).T, color=NEGATIVE, marker="o", markersize=5, linewidth=1.4, capsize=2
    )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="share with hemorrhage")
    axes.set_title(
        f"{found.name}: calibration error {found.calibration_error:.3f}, Brier skill {found.skill.value:.2f}"
    )
    below.hist(probabilities, np.linspace(0, 1, 26), color="#9DB7CC")
    below.set(xlim=(-0.02, 1.02), xlabel="probability of any hemorrhage", ylabel=found.name)
    if len(probabilities):
        below.set(yscale="log", ylim=(0.7, None))
    below.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    below.yaxis.set_minor_formatter(NullFormatter())


def reliability_curve(scores: Scores, evaluation: Evaluation) -> Figure:
    """Draw what was said against what was true, for studies and for slices, with how often each was said."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    grid = figure.subplots(2, 2, sharex="col", height_ratios=(3, 1))
    probabilities_by_level = (scores.study_probabilities[:, ANY], scores.slice_probabilities[:, ANY])
    for column, (found, probabilities) in enumerate(zip(evaluation.reliability, probabilities_by_level, strict=True)):
        _draw_reliability(grid[0, column], grid[1, column], found, probabilities)
    return figure


def _draw_bins(axes: Any, bins: list[VolumeBin], color: str) -> None:
    for offset, name, filled in ((-0.12, "at_specificity", False), (0.12, "flagged", True)):
        shown = [(k + offset, getattr(found, name)) for k, found in enumerate(bins) if found.count]
        if not shown:
            continue
        at, intervals = zip(*shown, strict=True)
        values = np.array([interval.value for interval in intervals])
        reach = np.array([[i.value - i.low, i.high - i.value] for i in intervals]).clip(0)
        style = {"markerfacecolor": color if filled else "white", "linestyle": "none", "marker": "o", "capsize": 2}
        axes.errorbar(at, values, reach.T, color=color, markersize=6, **style)
    names = [f"{found.name.removesuffix(' mL')}\nn={found.count}" for found in bins]
    axes.set_xticks(range(len(bins)), names, fontsize=8)
    axes.set(ylim=(-0.03, 1.05), xlim=(-0.5, len(bins) - 0.5))
    axes.grid(False, axis="x")


def volume_curve(evaluation: Evaluation) -> Figure:
    """Draw how many lesions of which size are found."""
    figure = Figure(figsize=(11.5, 6.2), layout="constrained")
    for k, axes in enumerate(figure.subplots(2, 3, sharey=True).flat):
        _draw_bins(axes, [found for found in evaluation.by_volume if found.label == LABELS[k]], COLORS[k])
        axes.set_title(str(LABELS[k]))
    figure.supxlabel("volume of blood in mL; n = studies", fontsize=10)
    figure.supylabel("sensitivity (bars: 95 %)", fontsize=10)
    figure.suptitle("filled: flagged.  open: above 90 % of the studies without it", fontsize=10)
    return figure


def _draw_scores(axes: Any, probabilities: np.ndarray, truth: np.ndarray, name: str) -> None:
    edges = np.linspace(_logit(0), _logit(1), 33)
    for where, color, words in ((truth == 0, NEGATIVE, "without"), (truth > 0, POSITIVE, "with hemorrhage")):
        found = _logit(probabilities[where])
        weights = np.full(len(found), 1 / max(len(found), 1))
        axes.hist(found, edges, weights=weights, color=color, alpha=0.45, label=f"{words} (n={len(found)})")
        axes.hist(found, edges, weights=weights, color=color, histtype="step", linewidth=1.4)
    axes.set_xticks(_logit(np.array(TICKS)), [f"{tick:g}" for tick in TICKS])
    axes.set(xlabel="probability of any hemorrhage", ylabel=f"share of {name}", title=name)


def _draw_threshold(axes: Any, value: float, words: str, style: str) -> None:
    """Draw a threshold; one that is never or always passed lies at the border."""
    axes.axvline(_logit(value), color=LINE, linewidth=1.4, linestyle=style, label=f"{words} {value:.2g}")


def score_distribution(scores: Scores, manifest: Manifest) -> Figure:
    """Draw how positives and negatives score, with the thresholds between them."""
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    label = LABELS[ANY]
    _draw_scores(left, scores.study_probabilities[:, ANY], scores.studies.truth[:, ANY], "studies")
    _draw_threshold(left, manifest.thresholds.uncertain[label], "uncertain from", ":")
    _draw_threshold(left, manifest.thresholds.flag[label], "flagged above", "--")
    _draw_scores(right, scores.slice_probabilities[:, ANY], scores.slices.truth[:, ANY], "slices")
    _draw_threshold(right, manifest.slice_thresholds[label], "suspicious from", "--")
    for axes in (left, right):
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return figure


def draw(manifest: Manifest, scores: Scores, evaluation: Evaluation, dpi: int = 110) -> Iterator[tuple[str, bytes]]:
    """Yield name and PNG of each picture of an evaluation."""
    with rc_context({**STYLE, "figure.dpi": dpi}):
        yield "roc", png(roc(scores, evaluation))
        yield "reliability", png(reliability_curve(scores, evaluation))
        if evaluation.by_volume:
            yield "sensitivity-by-volume", png(volume_curve(evaluation))
        yield "scores", png(score_distribution(scores, manifest))
