"""`rsna export`: turn a run into a model folder that the node serves."""

from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.commands.site_options import NegativeLevel, PositiveLevel, error_levels

MovedTables = Annotated[
    Path | None, typer.Option("--tables", help="Folder of the run's tables, where it was moved.", file_okay=False)
]
RunFolder = Annotated[Path, typer.Argument(help="Folder of a run.", exists=True, file_okay=False)]


def export(
    run: RunFolder,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
    name: Annotated[str | None, typer.Option(help="Name of the model; by its network, such as rsna-lite0.")] = None,
    out: Annotated[Path | None, typer.Option(help="Model folder; the run's model/ by default.")] = None,
    tables: MovedTables = None,
    alpha_negative: NegativeLevel = 0.02,
    alpha_positive: PositiveLevel = 0.10,
) -> None:
    """Write a model folder; the validation fold sets its probabilities and thresholds."""
    from triage_node.train.calibration.calibrate import warnings
    from triage_node.train.rsna.evaluation.exporting import MODEL_FOLDER, ExportRequest, export_calibrated
    from triage_node.train.rsna.fitting.fit import read_run

    folder, begun = out or run / MODEL_FOLDER, read_run(run, tables)
    levels = error_levels(alpha_negative, alpha_positive)
    with progress() as bar:
        _, manifest = export_calibrated(ExportRequest(begun, folder, name, version), begun.split(), levels, bar)
    for sentence in warnings(manifest, levels):
        console.print(sentence)
    console.print(f"{manifest.name} {manifest.version} written to {folder}, SHA-256 {manifest.sha256}")
