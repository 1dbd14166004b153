"""`rsna series`: let the slices of a series speak with one another."""

from typing import Annotated

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.commands.site_options import NegativeLevel, PositiveLevel, error_levels
from triage_node.train.rsna.commands.export import MovedTables, RunFolder


def series(
    run: RunFolder,
    epochs: Annotated[
        int, typer.Option(help="Most epochs; it stops early when the validation fold says so.", min=1)
    ] = 100,
    seed: Annotated[int, typer.Option(help="Order of series and starting weights.")] = 0,
    tables: MovedTables = None,
    alpha_negative: NegativeLevel = 0.02,
    alpha_positive: PositiveLevel = 0.10,
) -> None:
    """Add a series model to the exported model: a bidirectional GRU over its slices, kept only where it helps.

    Thresholds and probabilities are then set anew from the validation fold.
    """
    from triage_node.train.calibration.calibrate import warnings
    from triage_node.train.rsna.evaluation.exporting import MODEL_FOLDER
    from triage_node.train.rsna.evaluation.series_model import add_series_model
    from triage_node.train.rsna.fitting.fit import read_run
    from triage_node.train.rsna.fitting.series_fit import SeriesFit

    levels, settings = error_levels(alpha_negative, alpha_positive), SeriesFit(epochs, seed=seed)
    with progress() as bar:
        gain, manifest = add_series_model(run / MODEL_FOLDER, read_run(run, tables).split(), settings, levels, bar)
    losses = f"weighted log loss of the validation fold {gain.without:.4f} without, {gain.with_series:.4f} with it"
    if manifest is None:
        console.print(f"The series model does not help ({losses}): the model stays as it was.")
    else:
        for sentence in warnings(manifest, levels):
            console.print(sentence)
        console.print(f"{manifest.name} {manifest.version} has a series model ({losses}), SHA-256 {manifest.sha256}")
