"""Figures of merit of several predictors on the same images, in one table."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS
from triage_node.train.drawing import COLORS, STYLE, png
from triage_node.train.evaluation.metrics import Interval, auc_interval, bootstrap, log_loss
from triage_node.train.evaluation.reliability import Reliability, reliability
from triage_node.train.rsna.evaluation.scoring import ImageScores

CSV_FILE, PICTURE_FILE = "comparison.csv", "comparison.png"
ANY = len(LABELS) - 1


@dataclass(frozen=True)
class FiguresOfMerit:
    """What one predictor is worth.

    Attributes
    ----------
    weighted_log_loss
        The competition's metric, ``any`` counted twice.
    binary_cross_entropy, accuracy
        Mean over the six labels; accuracy at a probability of 0.5. Both are the notebook's figures.
    auc
        AUC of each label, with an interval over resampled patients.
    reliability
        How well the probabilities of ``any`` fit.
    """

    name: str
    images: int
    patients: int
    weighted_log_loss: Interval
    binary_cross_entropy: float
    accuracy: float
    auc: tuple[Interval, ...]
    reliability: Reliability

    @property
    def mean_auc(self) -> float:
        """Return the mean AUC of the labels that have one."""
        return float(np.nanmean([found.value for found in self.auc]))


def cross_entropy(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean binary cross-entropy over all labels alike."""
    clipped = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(truth > 0, np.log(clipped), np.log(1 - clipped))))


def measure(scores: ImageScores) -> FiguresOfMerit:
    """Return the figures of a predictor on labeled images."""
    predicted, truth, patients = scores.probabilities, scores.truth, scores.patients
    return FiguresOfMerit(
        name=scores.name,
        images=len(truth),
        patients=len(np.unique(patients)),
        weighted_log_loss=bootstrap(patients, lambda rows: log_loss(predicted[rows], truth[rows])),
        binary_cross_entropy=cross_entropy(predicted, truth),
        accuracy=float(np.mean((predicted >= 0.5) == (truth > 0))),
        auc=tuple(auc_interval(predicted[:, k], truth[:, k], patients) for k in range(len(LABELS))),
        reliability=reliability(scores.name, predicted[:, ANY], truth[:, ANY] > 0, patients),
    )


def row_of(found: FiguresOfMerit) -> dict[str, str]:
    """Return a line of the table in words."""
    return {
        "predictor": found.name,
        "images": str(found.images),
        "patients": str(found.patients),
        "wLL": f"{found.weighted_log_loss.value:.4f}",
        "wLL 95 %": f"{found.weighted_log_loss.low:.4f}-{found.weighted_log_loss.high:.4f}",
        "BCE": f"{found.binary_cross_entropy:.4f}",
        "accuracy": f"{found.accuracy:.4f}",
        "AUC": f"{found.mean_auc:.3f}",
        **{f"AUC {label}": str(one) for label, one in zip(LABELS, found.auc, strict=True)},
        "calibration error": f"{found.reliability.calibration_error:.4f}",
    }


def write_comparison(folder: Path, compared_figures: Sequence[FiguresOfMerit]) -> Path:
    """Write the table as CSV and draw it; return the CSV's path."""
    rows = [row_of(found) for found in compared_figures]
    with complete_file(folder / CSV_FILE) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    _draw(folder / PICTURE_FILE, compared_figures)
    return folder / CSV_FILE


def _draw(path: Path, compared_figures: Sequence[FiguresOfMerit]) -> None:
    """Draw the weighted log loss and the AUC of each label."""
    names = [found.name for found in compared_figures]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 1.6 + 0.6 * len(compared_figures)), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.4), sharey=True)
        losses = [found.weighted_log_loss for found in compared_figures]
        reach = np.array([[one.value - one.low, one.high - one.value] for one in losses]).clip(0).T
        left.barh(names, [one.value for one in losses], xerr=reach, color="#9DB7CC", capsize=3)
        left.set(xlabel="weighted log loss (bars: 95 % by patient)", title="lower is better")
        left.invert_yaxis()
        for k, label in enumerate(LABELS):
            right.plot(
                [found.auc[k].value for found in compared_figures], names, "o", color=COLORS[k], label=str(label)
            )
        right.axvline(0.5, color="#BBBBBB", linestyle=":")
        right.set(xlabel="AUC by image", title="higher is better", xlim=(0.2, 1.02))
        right.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
        with complete_file(path) as partial:
            partial.write_bytes(png(figure))
