"""The options of `rsna fit`, and what `--help` says of them."""

from pathlib import Path
from typing import Annotated

import typer

from triage_node.train.commands.fit import PrecisionName
from triage_node.train.rsna.fitting.balance import Balance

NETWORK, FITTING, SPEED = "Network and data", "How it is fitted; without an option the recipe decides", "Speed and log"

RunFolder = Annotated[Path, typer.Argument(help="Folder of the run; call again to resume.")]
Fold = Annotated[
    str | None,
    typer.Option(
        help="all fits a run for each fold in turn, in RUN/fold-0 and so on; a number one of them, for one a GPU; "
        "whole one on all patients for serving, in RUN/whole.",
        rich_help_panel=NETWORK,
    ),
]
TestFold = Annotated[
    int,
    typer.Option(help="Without --fold: the fold that judges; the next one validates.", min=0, rich_help_panel=NETWORK),
]
RecipeName = Annotated[
    Path | None,
    typer.Option(
        help="Recipe with encoder, frame, windows, fit and augmentation: a file, rsna-256 or rsna-512; else the "
        "network of the shipped model.",
        rich_help_panel=NETWORK,
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        help="Model or weights file to start from, default for the shipped one, random for nothing; else ImageNet.",
        rich_help_panel=NETWORK,
    ),
]
ImagenetWeights = Annotated[
    Path | None,
    typer.Option(
        help="The encoder's ImageNet weights without its classifier, as Keras Applications publishes them, where "
        "they cannot be downloaded.",
        rich_help_panel=NETWORK,
    ),
]
BalanceName = Annotated[
    Balance | None,
    typer.Option(
        help="Classes are balanced by drawing rare types more often, by the loss, or not.", rich_help_panel=FITTING
    ),
]
Steps = Annotated[int | None, typer.Option(help="Batches in all; 20000.", min=1, rich_help_panel=FITTING)]
Batch = Annotated[int | None, typer.Option(help="Slices a batch; 32.", min=2, rich_help_panel=FITTING)]
Accumulate = Annotated[
    int | None,
    typer.Option(
        help="Batches whose gradients make one step of the optimizer, where memory takes small ones; 1.",
        min=1,
        rich_help_panel=FITTING,
    ),
]
LearningRate = Annotated[float | None, typer.Option(help="Peak of the schedule; 1e-3.", min=0, rich_help_panel=FITTING)]
WarmUp = Annotated[
    int | None,
    typer.Option(
        help="Steps over which the learning rate rises; 200, or a tenth of fewer steps.",
        min=0,
        rich_help_panel=FITTING,
    ),
]
LabelSmoothing = Annotated[
    float | None,
    typer.Option(help="How far labels are moved toward one half; 0.", min=0, max=0.99, rich_help_panel=FITTING),
]
KeepBest = Annotated[
    bool | None,
    typer.Option(
        "--keep-best/--keep-last",
        help="Export the weights of the epoch with the lowest loss on the validation fold, or the last ones.",
        rich_help_panel=FITTING,
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        help="Stop after so many epochs without a lower loss on the validation fold; 0 never does.",
        min=0,
        rich_help_panel=FITTING,
    ),
]
ValidationSlices = Annotated[
    int | None,
    typer.Option(help="Slices of it that are scored after every epoch; 512.", min=1, rich_help_panel=FITTING),
]
Seed = Annotated[int, typer.Option(help="Order of slices and their augmentation.", rich_help_panel=FITTING)]
Workers = Annotated[int, typer.Option(help="Threads that make batches.", min=1, rich_help_panel=SPEED)]
BatchWorkers = Annotated[
    int, typer.Option(help="Processes that make them instead, to keep a GPU busy.", min=0, rich_help_panel=SPEED)
]
Precision = Annotated[PrecisionName, typer.Option(help="Mixed precision is for GPUs.", rich_help_panel=SPEED)]
Devices = Annotated[
    str, typer.Option(help="Devices that share each batch, or all; TensorFlow or JAX.", rich_help_panel=SPEED)
]
ProcessAddresses = Annotated[
    str,
    typer.Option(help="HOST:PORT of each process that shares the fit, with commas; JAX only.", rich_help_panel=SPEED),
]
ProcessNumber = Annotated[int, typer.Option(help="Which of them this is.", min=0, rich_help_panel=SPEED)]
Callbacks = Annotated[
    list[str] | None,
    typer.Option(help="MODULE:NAME that makes a Keras callback of your own; may be repeated.", rich_help_panel=SPEED),
]
MlflowExperiment = Annotated[
    str | None,
    typer.Option(
        help="Log settings and curves as runs of this MLflow experiment, at MLFLOW_TRACKING_URI; needs the extra "
        "mlflow.",
        rich_help_panel=SPEED,
    ),
]
