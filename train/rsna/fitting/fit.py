"""Fit the network on labeled slices of patients, in a run folder that says how."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import triage_node
from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.models import Geometry, Window, keras
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.fit import fit_pool
from triage_node.train.fitting.processes import is_first
from triage_node.train.fitting.settings import FitSettings
from triage_node.train.provenance import revision
from triage_node.train.rsna.fitting.balance import Balance
from triage_node.train.rsna.fitting.curves import Curves
from triage_node.train.rsna.fitting.folds import FILE_NAME as FOLDS_FILE
from triage_node.train.rsna.fitting.slice_sampler import FixedBatches, LabeledPool
from triage_node.train.rsna.fitting.splitting import Split, split_of
from triage_node.train.rsna.shards.cache import open_cache
from triage_node.train.rsna.shards.sharding import SHARDS_FOLDER

RUN_FILE, LOG_FOLDER = "run.json", "tensorboard"
# Slices that are scored after every epoch.
VALIDATION_SLICES = 512


@dataclass(frozen=True)
class RunSettings:
    """What a run is made from, beside how it is fitted.

    Attributes
    ----------
    tables
        Folder with the index, the shards and the folds.
    test
        Fold that judges; the next one validates.
    balance
        How rare types get their say.
    """

    tables: Path
    test: int = 0
    balance: Balance = Balance.SAMPLING

    @property
    def shards(self) -> Path:
        """Return the folder of the slices."""
        return self.tables / SHARDS_FOLDER

    @property
    def folds(self) -> Path:
        """Return the file with the fold of each patient."""
        return self.tables / FOLDS_FILE


@dataclass(frozen=True)
class Run:
    """A run that has been begun: what it is made from, and how it is fitted."""

    folder: Path
    settings: RunSettings
    fitting: FitSettings

    def split(self) -> Split:
        """Return the series that are fitted on, validate and judge."""
        return split_of(
            open_cache(self.settings.shards, self.fitting.geometry), self.settings.folds, self.settings.test
        )


def write_run(run: Run) -> None:
    """Keep what a run was made from; where a run goes on it must be the same.

    Raises
    ------
    TriageError
        When the folder holds a run that was begun with other settings.
    """
    settings = {"run": asdict(run.settings), "fitting": asdict(run.fitting)}
    content = json.loads(json.dumps(settings, default=str))
    path = run.folder / RUN_FILE
    if path.exists():
        if _begun(path) != content:
            raise TriageError(f"The run {run.folder} was begun with other settings: give an empty folder.")
        return
    content |= {"package_version": triage_node.__version__, "revision": revision()}
    with complete_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _begun(path: Path) -> dict[str, Any]:
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
        return {"run": begun["run"], "fitting": _with_new_names(begun["fitting"])}
    except (ValueError, KeyError, TypeError) as error:
        raise TriageError(f"The file {path} does not say how the run was begun: give an empty folder.") from error


def read_run(folder: Path) -> Run:
    """Return a run that has been begun.

    Raises
    ------
    TriageError
        When the folder holds none.
    """
    try:
        content = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        return Run(folder, _settings(content["run"]), _fitting(content["fitting"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TriageError(f"The folder {folder} holds no run: make it with rsna fit.") from error


def _settings(content: dict[str, Any]) -> RunSettings:
    return RunSettings(Path(content["tables"]), int(content["test"]), Balance(content["balance"]))


def _fitting(content: dict[str, Any]) -> FitSettings:
    windows = tuple(Window(**window) for window in content["windows"])
    start = content["start"] and Path(content["start"])
    parts = {"windows": windows, "geometry": Geometry(**content["geometry"]), "start": start}
    return FitSettings(**{**_with_new_names(content), **parts})


def _with_new_names(fitting: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a fit; runs of version 0.1 call `batch_workers` makers."""
    return {"batch_workers" if name == "makers" else name: value for name, value in fitting.items()}


def fit_run(run: Run, callbacks: tuple[keras.callbacks.Callback, ...] = ()) -> Any:
    """Fit a network on the fitting folds and return Keras' history.

    The folder holds settings, checkpoint, weights, curves and a TensorBoard log afterwards. A run that was cut off goes
    on from its last complete epoch.

    Raises
    ------
    TriageError
        When shards, folds or settings do not fit together.
    """
    fitting, parts = run.fitting, run.split()
    pool = LabeledPool(parts.fitting, fitting.windows, run.settings.balance, Augmentation())
    validation = LabeledPool(parts.validation, fitting.windows, Balance.NONE)
    if is_first():
        write_run(run)
    log = keras.callbacks.TensorBoard(run.folder / LOG_FOLDER, write_graph=False)
    batches = FixedBatches(validation.some(VALIDATION_SLICES, fitting.batch, fitting.seed))
    return fit_pool(pool, run.folder, fitting, (Curves(run.folder), log, *callbacks), validation=batches)
