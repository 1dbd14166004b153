"""`rsna series`: let the slices of a series speak with one another."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.errors import TriageError
from triage_node.train.commands.console import console, progress
from triage_node.train.commands.site_options import NegativeLevel, PositiveLevel, error_levels
from triage_node.train.rsna.commands.export import MovedTables, RunFolder
from triage_node.train.rsna.fitting.run_folders import fold_runs

if TYPE_CHECKING:
    from triage_node.models import Manifest, SeriesKind
    from triage_node.train.calibration.conformal import ErrorLevels
    from triage_node.train.rsna.fitting.series_fit import SeriesFit, SeriesGain


class Kind(StrEnum):
    """Kinds of series models."""

    GRU = "gru"
    LSTM = "lstm"
    TRANSFORMER = "transformer"
    NONE = "none"


class Inputs(StrEnum):
    """What a series model sees of a slice."""

    FEATURES = "features"
    SCORES = "scores"


def _losses(gain: "SeriesGain") -> str:
    return f"weighted log loss of the validation fold {gain.without:.4f} without, {gain.with_series:.4f} with it"


def _say(manifest: "Manifest", levels: "ErrorLevels") -> None:
    from triage_node.train.calibration.calibrate import warnings

    for sentence in warnings(manifest, levels):
        console.print(sentence)


def _one_split(run: Path, tables: Path | None, settings: "SeriesFit", levels: "ErrorLevels") -> None:
    from triage_node.train.rsna.evaluation.exporting import MODEL_FOLDER
    from triage_node.train.rsna.evaluation.series_model import add_series_model
    from triage_node.train.rsna.fitting.fit import read_run

    with progress() as bar:
        gain, manifest = add_series_model(run / MODEL_FOLDER, read_run(run, tables).split(), settings, levels, bar)
    if manifest is None:
        console.print(f"The series model does not help ({_losses(gain)}): the model stays as it was.")
    else:
        _say(manifest, levels)
        name = f"{manifest.name} {manifest.version}"
        console.print(f"{name} has a series model ({_losses(gain)}), SHA-256 {manifest.sha256}")


def _all_folds(
    run: Path, tables: Path | None, version: str, settings: "SeriesFit | None", levels: "ErrorLevels"
) -> None:
    from triage_node.train.rsna.commands.evaluate import print_figures
    from triage_node.train.rsna.evaluation.figures_of_merit import measure
    from triage_node.train.rsna.evaluation.fold_models import (
        FoldRequest,
        add_series_models,
        export_folds,
        export_whole,
        out_of_fold_scores,
        out_of_fold_series,
    )

    request = FoldRequest(run, tables, version, settings, levels)
    with progress() as bar:
        exported = export_folds(request, bar)
        unseen = out_of_fold_series(exported, bar) if settings else []
        folds, gains = add_series_models(request, exported, unseen, bar)
        scores = out_of_fold_scores(folds, bar)
        whole = export_whole(request, folds, unseen, gains, bar)
    for fold, gain in zip(folds, gains, strict=False):
        console.print(f"{fold.run.folder.name}: {_losses(gain)}{'' if gain.helps else ', so it has none'}")
    print_figures([measure(scores.labeled())])
    if whole is not None:
        _say(whole, levels)
        console.print(f"{whole.name} {whole.version}, fitted on all patients: {whole.folder}, SHA-256 {whole.sha256}")


def series(
    run: RunFolder,
    kind: Annotated[
        Kind, typer.Option(help="Bidirectional GRU or LSTM, or a transformer; none exports and scores folds without.")
    ] = Kind.GRU,
    inputs: Annotated[
        Inputs | None,
        typer.Option(
            help="Features and scores of the slices, or the scores alone, which mean the same in the network of every "
            "fold; features for one split, scores for folds."
        ),
    ] = None,
    differences: Annotated[
        bool, typer.Option(help="Also show by how much a slice differs from the ones below and above.")
    ] = True,
    epochs: Annotated[
        int, typer.Option(help="Most epochs; it stops early when the validation fold says so.", min=1)
    ] = 100,
    seed: Annotated[int, typer.Option(help="Order of series and starting weights.")] = 0,
    version: Annotated[str, typer.Option(help="Version of the models that are exported from folds.")] = "0.1.0",
    tables: MovedTables = None,
    alpha_negative: NegativeLevel = 0.02,
    alpha_positive: PositiveLevel = 0.10,
) -> None:
    """Add a series model to the exported model, kept only where it helps; thresholds are then set anew.

    For a run of [b]rsna fit --fold all[/b] it exports the model of every fold, fits their series models on scores of
    patients that the networks have not seen, prints what all of them together are worth on such patients, keeps those
    scores in out-of-fold.npz, and exports the model of [b]--fold whole[/b].
    """
    from triage_node.models import SeriesShape
    from triage_node.train.rsna.fitting.series_fit import SeriesFit

    levels, has_folds = error_levels(alpha_negative, alpha_positive), bool(fold_runs(run))
    kinds: dict[Kind, SeriesKind] = {Kind.GRU: "gru", Kind.LSTM: "lstm", Kind.TRANSFORMER: "transformer"}
    if kind not in kinds and not has_folds:
        raise TriageError(f"The run {run} has one split: rsna export exports it without a series model.")
    shown = inputs or (Inputs.SCORES if has_folds else Inputs.FEATURES)
    shape = SeriesShape(kinds[kind], shown.value, differences) if kind in kinds else None
    settings = None if shape is None else SeriesFit(epochs, seed=seed, shape=shape)
    if has_folds:
        _all_folds(run, tables, version, settings, levels)
    elif settings is not None:
        _one_split(run, tables, settings, levels)
