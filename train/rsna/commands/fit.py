"""`rsna fit`: train the network on labeled slices."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.commands.fit import PrecisionName, device_count
from triage_node.train.rsna.commands.fit_options import (
    Accumulate,
    BalanceName,
    Batch,
    BatchWorkers,
    Callbacks,
    Devices,
    Fold,
    ImagenetWeights,
    KeepBest,
    LabelSmoothing,
    LearningRate,
    MlflowExperiment,
    Patience,
    Precision,
    ProcessAddresses,
    ProcessNumber,
    RecipeName,
    RunFolder,
    Seed,
    Start,
    Steps,
    TestFold,
    ValidationSlices,
    WarmUp,
    Workers,
)
from triage_node.train.rsna.commands.shards import Tables
from triage_node.train.rsna.fitting.run_folders import WHOLE, chosen_folds

if TYPE_CHECKING:
    from triage_node.models import Geometry
    from triage_node.train.fitting.settings import FitSettings
    from triage_node.train.rsna.fitting.fit import Run
    from triage_node.train.rsna.recipe import FitTable, RsnaRecipe

RANDOM = "random"


def _start_weights(start: str | None, recipe: "RsnaRecipe", geometry: "Geometry") -> Path | None:
    """Return the weights of a model or of a file; a model must be of the same network and read the same frame."""
    from triage_node.errors import ModelError
    from triage_node.models import read_manifest

    if start is None or start == RANDOM or Path(start).is_file():
        return None if start in (None, RANDOM) else Path(str(start))
    manifest = read_manifest(start)
    if manifest.geometry != geometry:
        raise ModelError(f"The model {start} reads {manifest.geometry}, the shards were made with {geometry}.")
    if manifest.architecture != recipe.architecture:
        raise ModelError(f"The model {start} is a {manifest.architecture}, the recipe asks for {recipe.architecture}.")
    return manifest.weights_path


def _table(recipe: "RsnaRecipe", options: dict[str, Any]) -> "FitTable":
    """Return how to fit: what an option says, else what the recipe says; a short fit warms up for a tenth of it."""
    from dataclasses import replace

    from triage_node.train.fitting.settings import warm_up_for

    table = replace(recipe.fit, **{name: value for name, value in options.items() if value is not None})
    if options["warm_up"] is None:
        return replace(table, warm_up=warm_up_for(table.steps, table.warm_up))
    if table.warm_up >= table.steps:
        raise typer.BadParameter(f"a warm-up of {table.warm_up} steps never ends in a fit of {table.steps}")
    return table


def _fit_settings(recipe: "RsnaRecipe", table: "FitTable", others: dict[str, Any]) -> "FitSettings":
    from dataclasses import asdict

    from triage_node.train.fitting.settings import FitSettings, whole_epochs

    fitting = {name: value for name, value in asdict(table).items() if name != "balance"}
    shape = {name: getattr(recipe, name) for name in ("architecture", "windows", "decoder_filters", "augmentation")}
    return FitSettings(**{**shape, **others, **fitting, **whole_epochs(table.steps, table.epoch)})


def _unjudged(table: "FitTable", keep_best: bool | None, patience: int | None) -> "FitTable":
    """Return the table of a fit on all patients, which no fold can stop unless somebody asks for it, and is refused."""
    from dataclasses import replace

    return replace(table, keep_best=bool(keep_best), patience=patience or 0)


def _fit_each(runs: "Iterable[Run]", callbacks: list[str], mlflow: str | None) -> None:
    from triage_node.train.fitting.callbacks import load_callback
    from triage_node.train.fitting.progress import EpochLines
    from triage_node.train.rsna.fitting.fit import fit_run

    for run in runs:
        console.print(f"Fitting {run.folder}")
        with progress() as bar:
            own = [load_callback(name) for name in callbacks]
            if mlflow is not None:
                from triage_node.train.fitting.mlflow_log import MlflowLog

                own.append(MlflowLog(mlflow, run.folder, run.fitting))
            fit_run(run, (EpochLines(bar, run.fitting.steps, run.fitting.epoch), *own))
        _say_best(run)


def _say_best(run: "Run") -> None:
    from triage_node.train.rsna.fitting.best import JUDGED, best_epoch
    from triage_node.train.rsna.fitting.curves import CSV_FILE, read_curves

    rows = read_curves(run.folder / CSV_FILE)
    for row in rows:
        if row["epoch"] == best_epoch(rows):
            step, last = int(row["epoch"]) * run.fitting.epoch, int(rows[-1]["epoch"]) * run.fitting.epoch
            console.print(
                f"{run.folder}: lowest loss of the validation fold {row[JUDGED]:.4f} at step {step} of {last}"
            )


def fit(
    tables: Tables,
    run: RunFolder,
    fold: Fold = None,
    test: TestFold = 0,
    recipe: RecipeName = None,
    start: Start = None,
    imagenet_weights: ImagenetWeights = None,
    balance: BalanceName = None,
    steps: Steps = None,
    batch: Batch = None,
    accumulate: Accumulate = None,
    learning_rate: LearningRate = None,
    warm_up: WarmUp = None,
    label_smoothing: LabelSmoothing = None,
    keep_best: KeepBest = None,
    patience: Patience = None,
    validation_slices: ValidationSlices = None,
    seed: Seed = 0,
    workers: Workers = 1,
    batch_workers: BatchWorkers = 0,
    precision: Precision = PrecisionName.FLOAT32,
    devices: Devices = "1",
    processes: ProcessAddresses = "",
    process: ProcessNumber = 0,
    callback: Callbacks = None,
    mlflow: MlflowExperiment = None,
) -> None:
    """Fit the network on the labels of slices: weighted log loss, averaged weights, curves and a TensorBoard log.

    [b]rsna fit tables run --start default[/b] fits one split; [b]--fold all[/b] all of them, after which
    [b]rsna series run[/b] and [b]rsna submit … --model run[/b] take the mean of their models.
    """
    if processes:
        from triage_node.train.fitting.processes import Processes, join

        join(Processes(tuple(processes.split(",")), process))
        devices = "all"
    from triage_node.train.rsna.fitting.fit import Run, RunSettings
    from triage_node.train.rsna.fitting.folds import fold_count
    from triage_node.train.rsna.recipe import read_rsna_recipe
    from triage_node.train.rsna.shards.cache import open_cache

    read, usual = read_rsna_recipe(recipe), RunSettings(tables.resolve())
    options = {"steps": steps, "batch": batch, "accumulate": accumulate, "learning_rate": learning_rate}
    options |= {"warm_up": warm_up, "label_smoothing": label_smoothing, "keep_best": keep_best, "patience": patience}
    table = _table(read, options | {"validation_slices": validation_slices, "balance": balance})
    if fold == WHOLE:
        table = _unjudged(table, keep_best, patience)
    geometry = open_cache(usual.shards, read.geometry if recipe else None).geometry
    others: dict[str, Any] = {"geometry": geometry, "seed": seed, "workers": workers, "batch_workers": batch_workers}
    others |= {"start": _start_weights(start, read, geometry), "imagenet": start != RANDOM}
    others |= {"imagenet_weights": imagenet_weights, "precision": precision.value, "devices": device_count(devices)}
    settings = _fit_settings(read, table, others)
    folders = chosen_folds(fold, fold_count(usual.folds), test)
    made = (
        Run(run / folder, RunSettings(usual.tables, judge, table.balance, read.mirrored), settings)
        for folder, judge in folders
    )
    _fit_each(made, callback or [], mlflow)
