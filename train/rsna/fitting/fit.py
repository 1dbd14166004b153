"""Fit the network on labeled slices of patients, in a run folder that says how."""

import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import triage_node
from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.models import Geometry, Window, keras
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.averaging import WeightAverage
from triage_node.train.fitting.checkpoint import CHECKPOINT_FILE
from triage_node.train.fitting.fit import fit_pool
from triage_node.train.fitting.processes import is_first, place
from triage_node.train.fitting.settings import FitSettings
from triage_node.train.provenance import revision
from triage_node.train.rsna.dataset.tables import INDEX_FILE, read_index
from triage_node.train.rsna.fitting.balance import Balance
from triage_node.train.rsna.fitting.best import Best, is_stopped
from triage_node.train.rsna.fitting.curves import Curves
from triage_node.train.rsna.fitting.folds import FILE_NAME as FOLDS_FILE
from triage_node.train.rsna.fitting.slice_sampler import FixedBatches, LabeledPool
from triage_node.train.rsna.fitting.splitting import Split, split_of
from triage_node.train.rsna.fitting.validation import Validation
from triage_node.train.rsna.shards.cache import open_cache
from triage_node.train.rsna.shards.sharding import SHARDS_FOLDER

RUN_FILE, LOG_FOLDER = "run.json", "tensorboard"
INDEX = "index"
"""Entry of a run's file: the fingerprint of the index of its images."""
SPEED_ONLY = frozenset(["workers", "batch_workers", "devices"])
"""Settings that decide how fast a fit is, and none of its weights beyond what sums in another order do."""
# Slices of those that are fitted on that are scored after every epoch, to see how much is learned by heart.
FITTING_SLICES = 512


@dataclass(frozen=True)
class RunSettings:
    """What a run is made from, beside how it is fitted.

    Attributes
    ----------
    tables
        Folder with the index, the shards and the folds.
    test
        Fold that judges; the next one validates. None to fit on all patients.
    balance
        How rare types get their say.
    mirrored
        Whether the exported model answers with the mean of a slice and its mirror image.
    """

    tables: Path
    test: int | None = 0
    balance: Balance = Balance.SAMPLING
    mirrored: bool = False

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

    What only decides how fast it is may change, and where the tables lie. A run without a checkpoint has not begun.

    Raises
    ------
    TriageError
        When the folder holds a run that was begun with other settings.
    """
    content = _json({"run": run.settings, "fitting": run.fitting})
    content |= {INDEX: read_index(run.settings.tables).fingerprint}
    path = run.folder / RUN_FILE
    if (run.folder / CHECKPOINT_FILE).exists() and path.exists():
        if _result_deciding(_begun(path), content) != _result_deciding(content, content):
            raise TriageError(f"The run {run.folder} was begun with other settings: give an empty folder.")
        return
    content |= {"package_version": triage_node.__version__, "revision": revision()}
    with complete_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _json(parts: dict[str, Any]) -> dict[str, Any]:
    """Return settings as the JSON content of a run's file."""
    content: dict[str, Any] = json.loads(json.dumps({k: asdict(v) for k, v in parts.items()}, default=str))
    return content


def _begun(path: Path) -> dict[str, Any]:
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
        return {"run": begun["run"], "fitting": _with_new_names(begun["fitting"]), INDEX: begun.get(INDEX)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TriageError(f"The file {path} does not say how the run was begun: give an empty folder.") from error


def _result_deciding(content: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """Return of a run's content what decides its weights; runs of version 0.2 know no index, but the tables' place."""
    usual = _json({"fitting": FitSettings(), "run": RunSettings(Path())})
    # A setting that a run does not name is one that came later: it had its present default.
    fitting = {k: v for k, v in {**usual["fitting"], **content["fitting"]}.items() if k not in SPEED_ONLY}
    run = {k: v for k, v in {**usual["run"], **content["run"]}.items() if k != "tables"}
    if content[INDEX] is None:
        is_same = content["run"]["tables"] == present["run"]["tables"]
    else:
        is_same = content[INDEX] == present[INDEX]
    return {"run": run, "fitting": fitting, "same tables": is_same}


def read_run(folder: Path, tables: Path | None = None) -> Run:
    """Return a run that has been begun.

    Parameters
    ----------
    tables
        Where its tables lie now, if they were moved; the folder that holds the run is looked into, too.

    Raises
    ------
    TriageError
        When the folder holds none, or the tables are not found or others.
    """
    try:
        content = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        run = Run(folder, _settings(content["run"]), _fitting(content["fitting"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TriageError(f"The folder {folder} holds no run: make it with rsna fit.") from error
    return replace(run, settings=replace(run.settings, tables=_found_tables(run, tables, content.get(INDEX))))


def _found_tables(run: Run, given: Path | None, fingerprint: str | None) -> Path:
    """Return the folder of a run's tables, which may have been moved since."""
    looked_into = [given] if given else [run.settings.tables, run.folder.resolve().parent]
    there = [folder for folder in looked_into if (folder / INDEX_FILE).is_file()]
    if not there:
        raise TriageError(
            f"The tables of the run {run.folder} are not in {' nor in '.join(map(str, looked_into))}: give --tables."
        )
    if fingerprint is not None and read_index(there[0]).fingerprint != fingerprint:
        raise TriageError(f"The tables in {there[0]} are others than the run {run.folder} was begun with.")
    return there[0].resolve()


def _settings(content: dict[str, Any]) -> RunSettings:
    test = content["test"]
    balance, mirrored = Balance(content["balance"]), bool(content.get("mirrored", False))
    return RunSettings(Path(content["tables"]), None if test is None else int(test), balance, mirrored)


def _fitting(content: dict[str, Any]) -> FitSettings:
    windows = tuple(Window(**window) for window in content["windows"])
    paths = {name: content.get(name) and Path(content[name]) for name in ("start", "imagenet_weights")}
    augmentation = Augmentation(**content.get("augmentation", {}))
    parts = {"windows": windows, "geometry": Geometry(**content["geometry"]), "augmentation": augmentation}
    return FitSettings(**{**_with_new_names(content), **parts, **paths})


def _with_new_names(fitting: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a fit; runs of version 0.1 call `batch_workers` makers."""
    return {"batch_workers" if name == "makers" else name: value for name, value in fitting.items()}


def labeled_pool(run: Run) -> LabeledPool:
    """Return the augmented slices that a run is fitted on."""
    fitting = run.fitting
    return LabeledPool(
        run.split().fitting, fitting.windows, run.settings.balance, fitting.augmentation, fitting.label_smoothing
    )


def fit_run(run: Run, callbacks: tuple[keras.callbacks.Callback, ...] = ()) -> Any:
    """Fit a network on the fitting folds and return Keras' history, None when it had stopped early before.

    The folder holds settings, checkpoint, weights, curves and a TensorBoard log afterwards. A run that was cut off goes
    on from its last complete epoch.

    Raises
    ------
    TriageError
        When shards, folds or settings do not fit together.
    """
    make_pool = partial(labeled_pool, run)
    pool, samples = make_pool(), _samples(run)
    _check_judged(run)
    if is_first():
        write_run(run)
    if is_stopped(run.folder, run.fitting.patience):
        return None
    is_alone = place()[1] == 1
    return fit_pool(
        pool,
        run.folder,
        run.fitting,
        callbacks,
        validation=None if is_alone else samples.get("val"),
        make_pool=make_pool,
        judges=partial(_judges, run, samples if is_alone else {}),
    )


def _samples(run: Run) -> dict[str, FixedBatches]:
    """Return the slices that are scored after every epoch, shown as they are and as often as they come."""
    parts, fitting = run.split(), run.fitting
    counts = {"val": (parts.validation, fitting.validation_slices), "fit": (parts.fitting, FITTING_SLICES)}
    return {
        name: FixedBatches(LabeledPool(series, fitting.windows, Balance.NONE), count, fitting.batch, fitting.seed)
        for name, (series, count) in counts.items()
        if series
    }


def _judges(run: Run, samples: dict[str, FixedBatches], average: WeightAverage) -> tuple[keras.callbacks.Callback, ...]:
    log = keras.callbacks.TensorBoard(run.folder / LOG_FOLDER, write_graph=False)
    return Validation(average, samples), Curves(run.folder), Best(run.folder, average, run.fitting), log


def _check_judged(run: Run) -> None:
    """Refuse to choose by a validation fold that is not there, or of which several processes see their rows only."""
    if not (run.fitting.keep_best or run.fitting.patience):
        return
    if place()[1] > 1:
        raise TriageError("Best weights and early stopping need a fit in one process: leave them out.")
    if run.settings.test is None:
        raise TriageError("Where all patients are fitted on, none judge: give --keep-last, --patience 0 and --steps.")
