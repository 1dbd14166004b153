"""`fit`: train the network."""

from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import progress


def fit(
    shards: Annotated[Path, typer.Argument(help="Folder of shards; it may still be growing.", exists=True)],
    run: Annotated[Path, typer.Argument(help="Folder for checkpoints and weights; call again to resume.")],
    steps: Annotated[int, typer.Option(help="Optimizer steps.", min=1)] = 4000,
    batch: Annotated[int, typer.Option(help="Slices a step.", min=2)] = 24,
    learning_rate: Annotated[float, typer.Option(help="Peak of the cosine schedule.", min=0)] = 1e-3,
    seed: Annotated[int, typer.Option(help="Order of slices and their augmentation.")] = 0,
    start: Annotated[Path | None, typer.Option(help="Weights file to go on from, instead of ImageNet.")] = None,
) -> None:
    """Fit the lesion-map network: AdamW, cosine schedule, averaged weights, ImageNet start."""
    from triage_node.train.fitting.fit import fit as fit_network
    from triage_node.train.fitting.progress import EpochLines
    from triage_node.train.fitting.settings import FitSettings

    settings = FitSettings(steps=steps, batch=batch, learning_rate=learning_rate, seed=seed, start=start)
    with progress() as bar:
        fit_network(shards, run, settings, (EpochLines(bar, settings.steps, settings.epoch),))
