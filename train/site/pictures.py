"""What an adaptation changed, as a picture: ROC curves before and after, and how every study moved."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from triage_node.train.drawing import STYLE
from triage_node.train.evaluation.metrics import auc
from triage_node.train.evaluation.pictures import NEGATIVE, POSITIVE, roc_points
from triage_node.train.site.cases import CaseScores

BEFORE, AFTER = "#9A9A9A", "#111111"


def _draw_roc(axes: Axes, curves: dict[str, np.ndarray], truth: np.ndarray, title: str) -> None:
    axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=1, linestyle=":")
    for (name, scores), color in zip(curves.items(), (BEFORE, AFTER), strict=True):
        false, true = roc_points(scores, truth)
        axes.plot(false, true, color=color, linewidth=1.8, label=f"{name} {auc(scores, truth):.3f}")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_title(f"{title}: {int(truth.sum())} of {len(truth)} with hemorrhage")
    axes.legend(loc="lower right", title="AUC of any", alignment="left")


def _draw_moves(axes: Axes, curves: dict[str, np.ndarray], truth: np.ndarray) -> None:
    """Draw each study as a line from its score before to its score after."""
    pairs = np.stack(list(curves.values()))
    for where, color, words in ((~truth, NEGATIVE, "without"), (truth, POSITIVE, "with hemorrhage")):
        if where.any():
            lines = axes.plot([0, 1], pairs[:, where], color=color, linewidth=0.9, alpha=0.6, marker="o", markersize=3)
            lines[0].set_label(words)
    axes.set_xticks([0, 1], list(curves))
    axes.set(xlim=(-0.2, 1.2), ylabel="logit of any, before calibration", title="studies")
    axes.grid(False, axis="x")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)


def draw_adaptation(before: Sequence[CaseScores], after: Sequence[CaseScores], dpi: int = 110) -> bytes:
    """Return a PNG: ROC curves of slices and of studies, and every study's score, of patients unseen by the fit.

    Parameters
    ----------
    before, after
        Scores of the same cases; nothing in the picture names a patient.
    """
    known = [one.case.known for one in before]
    slice_truth = np.concatenate([one.case.labels[one.case.known, -1] for one in before]) > 0
    study_truth = np.array([one.case.study_labels[-1] for one in before]) > 0
    scores = {"before": before, "after": after}
    by_slice = {
        name: np.concatenate([one.logits[where, -1] for one, where in zip(found, known, strict=True)])
        for name, found in scores.items()
    }
    by_study = {name: np.array([one.study_logits[-1] for one in found]) for name, found in scores.items()}
    with rc_context({**STYLE, "figure.dpi": dpi}):
        figure = Figure(figsize=(13, 4.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        if len(slice_truth):
            _draw_roc(left, by_slice, slice_truth, "labeled slices")
        _draw_roc(middle, by_study, study_truth, "studies")
        _draw_moves(right, by_study, study_truth)
        stream = BytesIO()
        FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()
