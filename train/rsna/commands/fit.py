"""`rsna fit`: train the network on labeled slices."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triage_node.train.commands.console import progress
from triage_node.train.commands.fit import PrecisionName, device_count
from triage_node.train.rsna.commands.shards import Tables
from triage_node.train.rsna.fitting.balance import Balance

if TYPE_CHECKING:
    from triage_node.models import Geometry
    from triage_node.train.fitting.settings import FitSettings

STEPS_OF_EPOCH, USUAL_WARM_UP = 500, 200


def _start_weights(start: str | None, geometry: "Geometry") -> Path | None:
    """Return the weights of a model or of a file; a model must read the same frame."""
    from triage_node.errors import ModelError
    from triage_node.models import read_manifest

    if start is None or Path(start).is_file():
        return Path(start) if start else None
    manifest = read_manifest(start)
    if manifest.geometry != geometry:
        raise ModelError(f"The model {start} reads {manifest.geometry}, the shards were made with {geometry}.")
    return manifest.weights_path


def _fit_settings(geometry: "Geometry", recipe: Path | None, given: dict[str, Any]) -> "FitSettings":
    from triage_node.train.fitting.settings import FitSettings, whole_epochs
    from triage_node.train.recipe import DEFAULT_RECIPE, read_recipe

    read = read_recipe(recipe or DEFAULT_RECIPE)
    shape: dict[str, Any] = {"geometry": geometry, "windows": read.windows, "decoder_filters": read.decoder_filters}
    return FitSettings(**shape, **{**given, **whole_epochs(given["steps"], STEPS_OF_EPOCH)})


def fit(
    tables: Tables,
    run: Annotated[Path, typer.Argument(help="Folder of the run; call again to resume.")],
    test: Annotated[int, typer.Option(help="Fold that judges; the next one validates.", min=0)] = 0,
    balance: Annotated[
        Balance, typer.Option(help="Classes are balanced by drawing rare types more often, by the loss, or not.")
    ] = Balance.SAMPLING,
    start: Annotated[
        str | None,
        typer.Option(help="Model or weights file to start from, default for the shipped one; else ImageNet."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Optimizer steps.", min=1)] = 20000,
    batch: Annotated[int, typer.Option(help="Slices a step.", min=2)] = 32,
    learning_rate: Annotated[float, typer.Option(help="Peak of the schedule.", min=0)] = 1e-3,
    warm_up: Annotated[
        int | None,
        typer.Option(help="Steps over which the learning rate rises; 200, or a tenth of fewer steps.", min=0),
    ] = None,
    seed: Annotated[int, typer.Option(help="Order of slices and their augmentation.")] = 0,
    recipe: Annotated[Path | None, typer.Option(help="Recipe with windows and size of the network.")] = None,
    workers: Annotated[int, typer.Option(help="Threads that make batches.", min=1)] = 1,
    precision: Annotated[PrecisionName, typer.Option(help="Mixed precision is for GPUs.")] = PrecisionName.FLOAT32,
    devices: Annotated[str, typer.Option(help="Devices that share each batch, or all; TensorFlow or JAX.")] = "1",
    processes: Annotated[
        str, typer.Option(help="HOST:PORT of each process that shares the fit, with commas; JAX only.")
    ] = "",
    process: Annotated[int, typer.Option(help="Which of them this is.", min=0)] = 0,
) -> None:
    """Fit the network on the labels of slices: weighted log loss, averaged weights, curves and a TensorBoard log."""
    if warm_up is not None and warm_up >= steps:
        raise typer.BadParameter(f"a warm-up of {warm_up} steps never ends in a fit of {steps}")
    if processes:
        from triage_node.train.fitting.processes import Processes, join

        join(Processes(tuple(processes.split(",")), process))
        devices = "all"
    from triage_node.train.fitting.progress import EpochLines
    from triage_node.train.fitting.settings import warm_up_for
    from triage_node.train.rsna.fitting.fit import Run, RunSettings, fit_run
    from triage_node.train.rsna.shards.cache import open_cache

    settings = RunSettings(tables.resolve(), test, balance)
    geometry = open_cache(settings.shards).geometry
    given: dict[str, Any] = {"steps": steps, "batch": batch, "learning_rate": learning_rate}
    given |= {"warm_up": warm_up_for(steps, USUAL_WARM_UP) if warm_up is None else warm_up}
    given |= {"seed": seed, "workers": workers, "precision": precision.value, "devices": device_count(devices)}
    given["start"] = _start_weights(start, geometry)
    fitting = _fit_settings(geometry, recipe, given)
    with progress() as bar:
        fit_run(Run(run, settings, fitting), (EpochLines(bar, fitting.steps, fitting.epoch),))
