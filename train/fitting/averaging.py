"""Exponential moving average of the weights, which predicts better than the last step."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from triage_node.models.weights_file import write_weights


class _Average:
    """One averaged variable under the path of the original."""

    def __init__(self, variable: Any) -> None:
        self.path, self.value = variable.path, np.asarray(variable, np.float32).copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.value.astype(dtype or np.float32)


class WeightAverage(keras.callbacks.Callback):
    """Average the weights after every step and write the average after every epoch.

    Parameters
    ----------
    path
        Weights file to write.
    decay
        Share of the old average; grows from 0 over the first steps.
    """

    def __init__(self, path: Path, decay: float = 0.998) -> None:
        super().__init__()
        self.path, self.decay, self.steps = path, decay, 0
        self.averages: list[_Average] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Start from the weights as they are."""
        self.averages = [_Average(variable) for variable in self.model.variables]

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Move the average toward the weights."""
        self.steps += 1
        decay = np.float32(min(self.decay, (1 + self.steps) / (10 + self.steps)))
        for average, variable in zip(self.averages, self.model.variables, strict=True):
            average.value += (1 - decay) * (np.asarray(variable, np.float32) - average.value)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Write the average."""
        partial = self.path.with_suffix(".partial.npz")
        write_weights(partial, self.averages)
        partial.replace(self.path)
