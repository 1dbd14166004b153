"""Settings and curves of a fit as a run of MLflow; needs the extra ``mlflow``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import ModelError
from triage_node.models import keras
from triage_node.train.fitting.settings import FitSettings

RUN_FILE = "mlflow.json"


def _parameters(settings: FitSettings) -> dict[str, str]:
    """Return the settings of a fit under plain names; of files their names only."""
    content = asdict(settings)
    paths = {name: value.name for name, value in content.items() if isinstance(value, Path)}
    return {name: str(value) for name, value in (content | paths).items()}


class MlflowLog(keras.callbacks.Callback):
    """Log the figures of every epoch; a fit that goes on logs into the run that it began.

    Parameters
    ----------
    experiment
        Name of the experiment; where it lies says ``MLFLOW_TRACKING_URI``.
    folder
        Of the run, whose name the run of MLflow gets.
    settings
        Logged as parameters.

    Raises
    ------
    ModelError
        When MLflow is not installed.
    """

    def __init__(self, experiment: str, folder: Path, settings: FitSettings) -> None:
        super().__init__()
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise ModelError("Logging to MLflow needs it: pip install 'triage-node[mlflow]'.") from error
        self._client, self._path = MlflowClient(), folder / RUN_FILE
        self._experiment, self._settings = experiment, settings

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Begin a run, or find the one that was begun."""
        if self._path.exists():
            self._run = str(json.loads(self._path.read_text(encoding="utf-8"))["run_id"])
            return
        found = self._client.get_experiment_by_name(self._experiment)
        identifier = found.experiment_id if found else self._client.create_experiment(self._experiment)
        name = f"{self._path.parent.parent.name}/{self._path.parent.name}"
        self._run = str(self._client.create_run(identifier, run_name=name).info.run_id)
        for key, value in _parameters(self._settings).items():
            self._client.log_param(self._run, key, value)
        with complete_file(self._path) as partial:
            partial.write_text(json.dumps({"run_id": self._run}) + "\n", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the figures that are numbers."""
        step = (epoch + 1) * self._settings.epoch
        for name, value in (logs or {}).items():
            if np.isfinite(value):
                self._client.log_metric(self._run, name, float(value), step=step)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Say that the run is over."""
        self._client.set_terminated(self._run)
