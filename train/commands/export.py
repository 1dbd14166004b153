"""`export`: turn a run into a model folder."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import console


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a fit.", exists=True)],
    out: Annotated[Path, typer.Argument(help="Model folder to write.")],
    version: Annotated[str, typer.Option(help="Version of the model.")],
    training_data: Annotated[str, typer.Option(help="One sentence: what it was fitted on.")],
    recipe: Annotated[
        Path | None, typer.Option(help="Recipe the run was fitted with; the package's own is the default.", exists=True)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model, instead of the recipe's.")] = None,
    also: Annotated[
        list[Path] | None, typer.Option(help="A run that went on from the first: weights are averaged.", exists=True)
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help="Model that the runs went on from, a share of whose weights stays.")
    ] = None,
    keep_share: Annotated[
        float | None, typer.Option(help="With --keep: the share that stays, between 0 and 1.")
    ] = None,
) -> None:
    """Write a model folder: manifest and float16 weights. Uncalibrated, it flags next to nothing."""
    if (keep is None) != (keep_share is None):
        raise typer.BadParameter("--keep and --keep-share belong together")

    from triage_node.models import read_manifest
    from triage_node.train.export import KeptWeights, export_runs
    from triage_node.train.recipe import DEFAULT_RECIPE, read_recipe

    chosen = read_recipe(recipe or DEFAULT_RECIPE)
    chosen = replace(chosen, name=name or chosen.name)
    kept = None if keep is None or keep_share is None else KeptWeights(read_manifest(keep), keep_share)
    manifest = export_runs([run, *(also or [])], out, chosen, version, training_data, kept)
    console.print(f"{manifest.name} {manifest.version} written to {out}, SHA-256 {manifest.sha256}")
