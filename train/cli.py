"""`triage-node-train`: generate head CTs, fit a network on them, export, calibrate and evaluate it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from triage_node.errors import TriageError
from triage_node.findings import TYPES
from triage_node.train import commands

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=(
        "Make a hemorrhage model without a single patient image.\n\n"
        "The usual order: [b]phantom[/b] generates studies (twice: to fit on, and with other seeds to hold out), "
        "[b]fit[/b] trains on the first, [b]export[/b] writes a model folder, [b]calibrate[/b] sets its thresholds on "
        "the second, [b]evaluate[/b] prints what it is worth."
    ),
    rich_markup_mode="rich",
)


@app.command()
def phantom(
    out: Annotated[Path, typer.Argument(help="Folder for shards or DICOM files, or the PNG file with --sheet.")],
    studies: Annotated[int, typer.Option(help="How many studies to generate.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="First seed; study k has seed + k. Held-out studies need other seeds.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes; about 1 GB each.", min=1)] = 2,
    dicom: Annotated[bool, typer.Option("--dicom", help="Write one DICOM series instead of shards.")] = False,
    sheet: Annotated[bool, typer.Option("--sheet", help="Draw the studies side by side instead.")] = False,
    types: Annotated[str, typer.Option(help=f"With --dicom: types, comma-separated, of {', '.join(TYPES)}.")] = "",
    size: Annotated[int, typer.Option(help="With --dicom: rows and columns.", min=64, max=1024)] = 512,
) -> None:
    """Generate head CTs: shards for fit, a DICOM series, or a contact sheet to look at.

    The same seed gives the same study. Look at a sheet before you fit: triage-node-train phantom look.png --sheet
    """
    if dicom:
        chosen = tuple(name.strip() for name in types.split(",") if name.strip())
        if unknown := set(chosen) - set(TYPES):
            raise typer.BadParameter(f"{', '.join(sorted(unknown))} is not a hemorrhage type")
        commands.generate_series(out, seed, chosen, size)
    elif sheet:
        commands.draw_sheet(out, seed, studies)
    else:
        commands.generate_shards(out, studies, seed, workers)


@app.command()
def demo_studies(
    out: Annotated[Path, typer.Argument(help="Folder for the three archives.")],
) -> None:
    """Make the three studies that come with the node for its demonstration."""
    commands.make_demo_studies(out)


@app.command()
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
    commands.fit_network(commands.FitRequest(shards, run, steps, batch, learning_rate, seed, start))


@app.command()
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
    commands.export_runs([run, *(also or [])], out, name, version, training_data)


@app.command()
def calibrate(
    model: Annotated[Path, typer.Argument(help="Model folder; its manifest is rewritten.", exists=True)],
    shards: Annotated[Path, typer.Argument(help="Held-out shards: seeds that no fit has seen.", exists=True)],
) -> None:
    """Set probabilities and thresholds from held-out generated studies."""
    commands.calibrate_model(model, shards)


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder or name of a shipped model.")],
    shards: Annotated[Path | None, typer.Option(help="Held-out shards.", exists=True)] = None,
    dicom: Annotated[Path | None, typer.Option(help="Folder with one folder of DICOM a patient.", exists=True)] = None,
    labels: Annotated[
        Path | None, typer.Option(help="CSV: patient (folder name), slice (Instance Number), six labels.", exists=True)
    ] = None,
    plain: Annotated[
        list[Path] | None, typer.Option(help="DICOM series without hemorrhage; may be repeated.", exists=True)
    ] = None,
    write_card: Annotated[bool, typer.Option("--write-card", help="Keep the figures in manifest and card.")] = False,
) -> None:
    """Print AUC by slice, patient and type with intervals over patients, beside that of the brain's area alone."""
    if (dicom is None) != (labels is None):
        raise typer.BadParameter("--dicom and --labels belong together")
    if shards is None and dicom is None and not plain:
        raise typer.BadParameter("nothing to evaluate on: give --shards, --dicom with --labels, or --plain")
    request = commands.EvaluateRequest(model, shards, dicom, labels, tuple(plain or ()), write_card)
    commands.evaluate_model(request)


def main() -> None:
    """Run the command line; an expected error is one sentence and exit code 1."""
    try:
        app()
    except TriageError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
