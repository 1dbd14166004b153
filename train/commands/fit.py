"""`fit`: train the network."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from triage_node.train.commands.console import progress


class StageName(StrEnum):
    """Stages of a recipe."""

    TRUNK = "trunk"
    BRANCH = "branch"


class PrecisionName(StrEnum):
    """What the network computes in."""

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"
    MIXED_FLOAT16 = "mixed_float16"


def device_count(text: str) -> int:
    """Return how many devices an option asks for, 0 for all."""
    if text == "all":
        return 0
    if not text.isdigit() or int(text) < 1:
        raise typer.BadParameter(f"--devices takes a number or all, not {text!r}")
    return int(text)


class ScheduleName(StrEnum):
    """What the learning rate does after the warm-up."""

    COSINE = "cosine"
    CONSTANT = "constant"


def fit(
    shards: Annotated[Path, typer.Argument(help="Folder of shards; it may still be growing.", exists=True)],
    run: Annotated[Path, typer.Argument(help="Folder for checkpoints and weights; call again to resume.")],
    recipe: Annotated[
        Path | None, typer.Option(help="Recipe file; the package's own is the default.", exists=True)
    ] = None,
    stage: Annotated[StageName, typer.Option(help="Stage of the recipe; a branch needs --start and --seed.")] = (
        StageName.TRUNK
    ),
    steps: Annotated[int | None, typer.Option(help="Optimizer steps, instead of the recipe's.", min=1)] = None,
    batch: Annotated[int | None, typer.Option(help="Slices a step.", min=2)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the schedule.", min=0)] = None,
    schedule: Annotated[ScheduleName | None, typer.Option(help="Learning rate after the warm-up.")] = None,
    seed: Annotated[int | None, typer.Option(help="Order of slices and their augmentation.")] = None,
    start: Annotated[
        Path | None, typer.Option(help="Weights file to go on from (last.npz of a run), instead of ImageNet.")
    ] = None,
    freeze_blocks: Annotated[
        int,
        typer.Option(help="First of the encoder's 16 blocks that stay as in --start, which saves time.", min=0, max=16),
    ] = 0,
    workers: Annotated[int, typer.Option(help="Threads that make batches.", min=1)] = 1,
    batch_workers: Annotated[
        int, typer.Option(help="Processes that make batches instead, to keep a GPU busy; 2 MB a study each.", min=0)
    ] = 0,
    makers: Annotated[int, typer.Option(help="The former name of --batch-workers.", min=0, hidden=True)] = 0,
    precision: Annotated[
        PrecisionName, typer.Option(help="Mixed precision is for GPUs; most CPUs are twice as fast in float32.")
    ] = PrecisionName.FLOAT32,
    devices: Annotated[str, typer.Option(help="Devices that share each batch, or all; TensorFlow or JAX.")] = "1",
) -> None:
    """Fit the lesion-map network: AdamW, averaged weights, ImageNet start or another run's weights.

    The trunk keeps its learning rate; branches start from its last.npz and let it fall.
    """
    from triage_node.train.fitting.fit import fit as fit_network
    from triage_node.train.fitting.progress import EpochLines
    from triage_node.train.fitting.settings import warm_up_for, whole_epochs
    from triage_node.train.recipe import DEFAULT_RECIPE, read_recipe

    if stage == StageName.BRANCH and (start is None or seed is None):
        raise typer.BadParameter("a branch needs --start and --seed")
    if freeze_blocks and start is None:
        raise typer.BadParameter("--freeze-blocks needs --start: the statistics of ImageNet are not those of head CT")
    read = read_recipe(recipe or DEFAULT_RECIPE)
    chosen = read.trunk if stage == StageName.TRUNK else read.branches
    settings = read.settings(chosen, chosen.seeds[0] if seed is None else seed, start)
    given: dict[str, Any] = {
        "batch": batch,
        "learning_rate": learning_rate,
        "schedule": schedule and schedule.value,
    }
    if steps is not None:
        given |= {**whole_epochs(steps, chosen.epoch), "warm_up": warm_up_for(steps, chosen.warm_up)}
    given |= {"workers": workers, "batch_workers": batch_workers or makers}
    given |= {"frozen_blocks": freeze_blocks, "precision": precision.value, "devices": device_count(devices)}
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    with progress() as bar:
        fit_network(shards, run, settings, (EpochLines(bar, settings.steps, settings.epoch),))
