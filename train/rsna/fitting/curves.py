"""The curves of a run: one row an epoch as CSV, and the same as a picture."""

import csv
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS
from triage_node.models import keras
from triage_node.train.drawing import COLORS, STYLE, png
from triage_node.train.evaluation.pictures import LINE, NEGATIVE, POSITIVE

CSV_FILE, PICTURE_FILE = "curves.csv", "curves.png"
FIGURES = {"loss": "weighted log loss", "auc": "AUC", "accuracy": "accuracy"}


def read_curves(path: Path) -> list[dict[str, float]]:
    """Return the rows of a curves file, none when there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]


class Curves(keras.callbacks.Callback):
    """Write the figures of every epoch, and draw them; a run that goes on keeps those of before.

    Parameters
    ----------
    folder
        The run.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add a row."""
        earlier = [row for row in read_curves(self.folder / CSV_FILE) if row["epoch"] <= epoch]
        row = {"epoch": float(epoch + 1), **{name: round(float(value), 6) for name, value in (logs or {}).items()}}
        rows = [*earlier, row]
        with (
            complete_file(self.folder / CSV_FILE) as partial,
            partial.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.DictWriter(stream, list(row), restval="nan", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        draw_curves(self.folder, rows)


def draw_curves(folder: Path, rows: list[dict[str, float]]) -> Path:
    """Draw loss, AUC and accuracy over the epochs: of what is fitted on and of the validation fold, then by type."""
    path = folder / PICTURE_FILE
    figures = [name for name in FIGURES if any(key.endswith(name) for key in rows[-1])]
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 3.4 * len(figures)), layout="constrained")
        for axes, name in zip(figure.subplots(len(figures), squeeze=False)[:, 0], figures, strict=True):
            _draw_figure(axes, name, rows)
        with complete_file(path) as partial:
            partial.write_bytes(png(figure))
    return path


def _draw_figure(axes: Axes, name: str, rows: list[dict[str, float]]) -> None:
    epochs = [row["epoch"] for row in rows]
    lines = [("loss", "fit, as drawn", LINE, ":")] if name == "loss" else []
    lines += [(f"fit_{name}", "fit", NEGATIVE, "--"), (f"val_{name}", "validation", POSITIVE, "-")]
    lines += [(f"val_{name}_{label}", str(label), COLORS[k], "-") for k, label in enumerate(LABELS)]
    for key, words, color, style in lines:
        if key in rows[-1]:
            values = [row.get(key, float("nan")) for row in rows]
            width = 0.9 if words in set(LABELS) else 2.0
            axes.plot(epochs, values, style, color=color, linewidth=width, label=words)
    axes.set(xlabel="epoch", ylabel=FIGURES[name], title=f"Slices: {FIGURES[name]}")
    axes.legend(ncols=3)
