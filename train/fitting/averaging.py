"""Exponential moving average of the weights, which predicts better than the last step."""

from pathlib import Path
from typing import Any

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.models import keras

# Copying all weights takes tens of milliseconds, so only every tenth step is averaged, with as much less memory.
EVERY_STEPS = 10


class WeightAverage(keras.callbacks.Callback):
    """Average the weights every few steps and write the average after every epoch.

    Parameters
    ----------
    path
        Weights file to write.
    decay
        Share of the old average after one step; it grows from 0 over the first steps.
    every
        Steps between two looks at the weights.

    Attributes
    ----------
    arrays
        Averages by path of the variable, float32; empty before the first step.
    """

    def __init__(self, path: Path, decay: float = 0.998, every: int = EVERY_STEPS) -> None:
        super().__init__()
        self.path = path
        self.decay, self.every, self.steps = decay, every, 0
        self.arrays: dict[str, np.ndarray] = {}

    def restore(self, arrays: dict[str, np.ndarray], steps: int) -> None:
        """Go on from the average of an earlier run."""
        self.arrays, self.steps = arrays, steps

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Start from the weights as they are."""
        if not self.arrays:
            self.arrays = {weight.path: weight.numpy().astype(np.float32) for weight in self.model.weights}

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Move the average toward the weights."""
        self.steps += 1
        if self.steps % self.every:
            return
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps)) ** self.every
        for weight in self.model.weights:
            average = self.arrays[weight.path]
            average *= np.float32(decay)
            average += np.float32(1 - decay) * weight.numpy()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Write the average."""
        save_arrays(self.path, self.arrays)


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays at full precision; the file appears under its name only when complete.

    Raises
    ------
    StorageError
        When the disk does not take them; what was complete before stays.
    """
    with complete_file(path) as partial, partial.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
