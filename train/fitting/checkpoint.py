"""All that a fit needs to go on where it was cut off, in one file that is replaced at once."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.errors import ModelError
from triage_node.models import assign_weights, keras
from triage_node.train.fitting.averaging import WeightAverage, save_arrays
from triage_node.train.fitting.settings import LAST_FILE

CHECKPOINT_FILE = "checkpoint.npz"


class Checkpoint(keras.callbacks.Callback):
    """Write the last weights, and with them optimizer and average, after every epoch.

    Parameters
    ----------
    folder
        Receives the checkpoint and the last weights.
    average
        Its state is part of the checkpoint; it must come before this callback.
    """

    def __init__(self, folder: Path, average: WeightAverage) -> None:
        super().__init__()
        self.folder, self.average = folder, average

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Write the last weights and the checkpoint."""
        weights = {weight.path: weight.numpy() for weight in self.model.weights}
        optimizer = {f"optimizer/{k}": v.numpy() for k, v in enumerate(self.model.optimizer.variables)}
        state = {f"weights/{path}": array for path, array in weights.items()}
        state |= {f"average/{path}": array for path, array in self.average.arrays.items()}
        state |= {f"random/{k}": seed.numpy() for k, seed in enumerate(random_states(self.model))}
        save_arrays(self.folder / LAST_FILE, weights)
        save_arrays(
            self.folder / CHECKPOINT_FILE, {"progress": np.array([epoch + 1, self.average.steps]), **state, **optimizer}
        )


def random_states(network: keras.Model) -> list[Any]:
    """Return where the random generators of a network stand, such as those of dropout."""
    known = {id(weight) for weight in network.weights}
    return [variable for variable in network.non_trainable_variables if id(variable) not in known]


def _part(state: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def restore_checkpoint(folder: Path, network: keras.Model, average: WeightAverage) -> int:
    """Put the state of a run that was cut off back; return how many epochs it had completed, 0 without a checkpoint.

    Raises
    ------
    ModelError
        When the checkpoint belongs to another network or cannot be read.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return 0
    try:
        with np.load(path, allow_pickle=False) as stored:
            state = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"The checkpoint {path} could not be read: {error}") from error
    assign_weights(network.weights, _part(state, "weights/"))
    for k, variable in enumerate(random_states(network)):
        variable.assign(state[f"random/{k}"])
    for k, variable in enumerate(network.optimizer.variables):
        variable.assign(state[f"optimizer/{k}"])
    epochs, steps = (int(value) for value in state["progress"])
    average.restore(_part(state, "average/"), steps)
    return epochs
