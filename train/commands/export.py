"""`export`: turn a run into a model folder."""

from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import console


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a fit.", exists=True)],
    out: Annotated[Path, typer.Argument(help="Model folder to write.")],
    version: Annotated[str, typer.Option(help="Version of the model.")],
    training_data: Annotated[str, typer.Option(help="One sentence: what it was fitted on.")],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "lesion-map-lite0",
    also: Annotated[
        list[Path] | None, typer.Option(help="A run that went on from the first: weights are averaged.", exists=True)
    ] = None,
) -> None:
    """Write a model folder: manifest and float16 weights. Uncalibrated, it flags next to nothing."""
    from triage_node.models.networks import LESION_MAP_LITE0
    from triage_node.train.export import ModelDescription, export_model
    from triage_node.train.fitting.settings import WEIGHTS_FILE, FitSettings

    settings = FitSettings()
    description = ModelDescription(
        name=name,
        version=version,
        training_data=training_data,
        architecture=LESION_MAP_LITE0,
        decoder_filters=settings.decoder_filters,
        geometry=settings.geometry,
        windows=settings.windows,
    )
    manifest = export_model([folder / WEIGHTS_FILE for folder in (run, *(also or []))], out, description)
    console.print(f"{manifest.name} {manifest.version} written to {out}, SHA-256 {manifest.sha256}")
