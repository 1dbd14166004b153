"""The curves of a run: one row an epoch as CSV, and the same as a picture."""

import csv
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from triage_node.complete_file import complete_file
from triage_node.models import keras
from triage_node.train.drawing import STYLE, png
from triage_node.train.evaluation.pictures import NEGATIVE, POSITIVE

CSV_FILE, PICTURE_FILE = "curves.csv", "curves.png"


def read_curves(path: Path) -> list[dict[str, float]]:
    """Return the rows of a curves file, none when there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]


class Curves(keras.callbacks.Callback):
    """Write the losses of every epoch, and draw them; a run that goes on keeps those of before.

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
            writer = csv.DictWriter(stream, list(row), restval="nan", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        draw_curves(self.folder, rows)


def draw_curves(folder: Path, rows: list[dict[str, float]]) -> Path:
    """Draw the loss of fit and validation over the epochs."""
    path = folder / PICTURE_FILE
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        epochs = [row["epoch"] for row in rows]
        for name, color, words in (("loss", NEGATIVE, "fit"), ("val_loss", POSITIVE, "validation")):
            if name in rows[-1]:
                axes.plot(epochs, [row[name] for row in rows], color=color, marker="o", markersize=3, label=words)
        axes.set(xlabel="epoch", ylabel="weighted log loss", title="Loss of the slices")
        axes.legend()
        with complete_file(path) as partial:
            partial.write_bytes(png(figure))
    return path
