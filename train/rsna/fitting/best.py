"""The best weights of a run by its validation fold, and when to stop."""

from pathlib import Path
from typing import Any

from triage_node.models import keras
from triage_node.train.fitting.averaging import WeightAverage, save_arrays
from triage_node.train.fitting.settings import BEST_FILE, FitSettings
from triage_node.train.rsna.fitting.curves import CSV_FILE, read_curves

JUDGED = "val_loss"


def best_epoch(rows: list[dict[str, float]]) -> int:
    """Return the epoch, from 1, with the lowest validation loss; the first of equals, 0 without rows."""
    known = [row for row in rows if row.get(JUDGED, float("nan")) == row.get(JUDGED)]
    return int(min(known, key=lambda row: row[JUDGED])["epoch"]) if known else 0


def is_stopped(folder: Path, patience: int) -> bool:
    """Tell whether a run has gone on for long enough without a lower loss."""
    rows = read_curves(folder / CSV_FILE)
    return bool(patience and rows and rows[-1]["epoch"] - best_epoch(rows) >= patience)


class Best(keras.callbacks.Callback):
    """Keep the averaged weights of the best epoch, and stop a fit that has found none for some epochs.

    What it knows it reads from the curves, so it must come after them, and a run that is resumed knows the same.

    Parameters
    ----------
    folder
        The run.
    average
        Whose weights are kept.
    settings
        Whether they are kept, and after how many epochs to stop.
    """

    def __init__(self, folder: Path, average: WeightAverage, settings: FitSettings) -> None:
        super().__init__()
        self.folder, self.average, self.settings = folder, average, settings

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Keep the weights of a better epoch; stop where it has been too long since the last."""
        if self.settings.keep_best and best_epoch(read_curves(self.folder / CSV_FILE)) == epoch + 1:
            save_arrays(self.folder / BEST_FILE, self.average.arrays)
        if is_stopped(self.folder, self.settings.patience):
            self.model.stop_training = True
