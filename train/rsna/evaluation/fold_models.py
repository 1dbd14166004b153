"""The models of all folds of a run: exported, given a series model, and scored on patients they have not seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from triage_node.errors import TriageError
from triage_node.models import SERIES_NAME, Manifest, Model, load_model
from triage_node.train.calibration.conformal import ErrorLevels
from triage_node.train.evaluation.scored import ScoredStudy
from triage_node.train.rsna.evaluation.exporting import (
    MODEL_FOLDER,
    Calibration,
    ExportRequest,
    calibrate_export,
    described,
    export_calibrated,
    export_run,
    labeled_studies,
    prior_of,
)
from triage_node.train.rsna.evaluation.scores_file import write_scores
from triage_node.train.rsna.evaluation.scoring import ImageScores, score_images, score_study
from triage_node.train.rsna.evaluation.series_model import keep_series_model
from triage_node.train.rsna.fitting.encoding import EncodedSeries, encode
from triage_node.train.rsna.fitting.fit import Run, read_run
from triage_node.train.rsna.fitting.folds import fold_count
from triage_node.train.rsna.fitting.run_folders import WHOLE, fold_folder, fold_runs
from triage_node.train.rsna.fitting.series_fit import SeriesFit, SeriesGain, fit_series, fit_series_on_all
from triage_node.train.rsna.shards.cache import CachedSeries

SCORES_FILE = "out-of-fold.npz"


@dataclass(frozen=True)
class FoldRequest:
    """What is asked of the models of a run.

    Attributes
    ----------
    folder
        The run, with a folder for each fold.
    tables
        Where its tables lie, if they were moved.
    version
        Of the models.
    series
        How to fit the series models; None for none.
    levels
        Error levels of the thresholds.
    """

    folder: Path
    tables: Path | None
    version: str
    series: SeriesFit | None
    levels: ErrorLevels


def read_fold_runs(folder: Path, tables: Path | None = None) -> list[Run]:
    """Return the runs of all folds in their order.

    Raises
    ------
    TriageError
        When one is missing, or judges by another fold than its name says.
    """
    runs = [read_run(path, tables) for path in fold_runs(folder)]
    count = fold_count(runs[0].settings.folds) if runs else 0
    present = {run.settings.test for run in runs if run.folder.name == fold_folder(run.settings.test or 0).name}
    if missing := sorted(set(range(count)) - present):
        raise TriageError(f"The run {folder} lacks fold {missing[0]}: call rsna fit with --fold {missing[0]} or all.")
    return runs


@dataclass(frozen=True)
class FoldModel:
    """The model of a fold, loaded once.

    Attributes
    ----------
    run
        What it was fitted by.
    alone
        The network without a series model.
    model
        With its series model, where it has one.
    manifest
        As it was written last: with the present probabilities and thresholds.
    """

    run: Run
    alone: Model
    model: Model
    manifest: Manifest

    @property
    def folder(self) -> Path:
        """Return the model folder."""
        return self.manifest.folder

    def encoded(self, name: str, bar: Progress) -> list[EncodedSeries]:
        """Return what the network makes of the fold that judges it, ``test``, or of its ``validation`` fold."""
        group = getattr(self.run.split(), name)
        found = encode(self.alone, group)
        return list(bar.track(found, total=len(group), description=f"{self.run.folder.name}: {name} fold"))

    def with_series_model(self, levels: ErrorLevels) -> "FoldModel":
        """Return the model with the series model that its folder has got, calibrated anew."""
        model, parts = load_model(self.folder), self.run.split()
        manifest = calibrate_export(model, Calibration.by_validation(model, parts), levels)
        return replace(self, model=model, manifest=manifest)


def export_folds(request: FoldRequest, bar: Progress) -> list[FoldModel]:
    """Export the folds as they are fitted now, without a series model."""
    found = []
    for run in read_fold_runs(request.folder, request.tables):
        wanted = ExportRequest(run, run.folder / MODEL_FOLDER, None, request.version)
        model, manifest = export_calibrated(wanted, run.split(), request.levels, bar)
        found.append(FoldModel(run, model, model, manifest))
    return found


def out_of_fold_series(folds: Sequence[FoldModel], bar: Progress) -> list[list[EncodedSeries]]:
    """Return by fold what its network makes of the patients that it has not seen."""
    return [fold.encoded("test", bar) for fold in folds]


def add_series_models(
    request: FoldRequest, folds: Sequence[FoldModel], unseen: Sequence[list[EncodedSeries]], bar: Progress
) -> tuple[list[FoldModel], list[SeriesGain]]:
    """Fit a series model for each fold on what the networks of other folds make of patients they have not seen.

    That of fold k learns on the folds that neither judge nor validate it, each encoded by the network that it judges.
    It is kept where it lowers the loss of its validation fold, which its own network encodes, as it will in use.
    """
    if request.series is None:
        return list(folds), []
    found, gains = [], []
    for number, fold in enumerate(folds):
        others = [unseen[k] for k in range(len(folds)) if k not in (number, (number + 1) % len(folds))]
        partial = fold.folder / f"partial-{SERIES_NAME}"
        fitting, validation = [one for part in others for one in part], fold.encoded("validation", bar)
        gains.append(fit_series(fitting, validation, fold.manifest.geometry.max_slices, request.series, partial))
        is_kept = keep_series_model(fold.folder, partial, gains[-1].helps, request.series.shape)
        found.append(fold.with_series_model(request.levels) if is_kept else fold)
    return found, gains


def out_of_fold_scores(folds: Sequence[FoldModel], bar: Progress) -> ImageScores:
    """Return the probabilities of all images, each by the model that has not seen its patient, and keep them."""
    series: list[CachedSeries] = []
    found: list[np.ndarray] = []
    for fold in folds:
        group, prior = fold.run.split().test, prior_of(fold.manifest)
        for one in bar.track(group, description=f"{fold.run.folder.name}: out-of-fold scores"):
            study = score_study(fold.model, one) if len(one) else None
            found.append(score_images(fold.manifest, study, one, prior))
        series += group
    scores = ImageScores.of("out of fold", series, np.concatenate(found))
    write_scores(folds[0].run.folder.parent / SCORES_FILE, scores)
    return scores


def export_whole(
    request: FoldRequest,
    folds: Sequence[FoldModel],
    unseen: Sequence[list[EncodedSeries]],
    gains: Sequence[SeriesGain],
    bar: Progress,
) -> Manifest | None:
    """Export the model that is fitted on all patients, where there is one, and return its manifest.

    No patient is left that it has not seen. Probabilities and thresholds are therefore those that suit the models of
    the folds, each on the patients it has not seen. It gets a series model where that sees scores only, and helps in
    the mean of the folds.
    """
    if not (request.folder / WHOLE).exists():
        return None
    whole, folder = read_run(request.folder / WHOLE, request.tables), request.folder / WHOLE / MODEL_FOLDER
    export_run(ExportRequest(whole, folder, None, request.version), whole.split())
    fit, takes_part = request.series, _takes_series_model(request.series, gains)
    if fit is not None and takes_part:
        epochs = int(np.median([gain.epochs for gain in gains]))
        partial, series = folder / f"partial-{SERIES_NAME}", [one for part in unseen for one in part]
        fit_series_on_all(series, whole.fitting.geometry.max_slices, replace(fit, epochs=epochs), partial)
        keep_series_model(folder, partial, True, fit.shape)
    studies = list(_unseen_studies(folds, takes_part, bar))
    source = f"{described(whole.split().fitting)}, each scored by a model of the folds that has not seen the patient."
    return calibrate_export(load_model(folder), Calibration(studies, whole.split().fitting, source), request.levels)


def _takes_series_model(fit: SeriesFit | None, gains: Sequence[SeriesGain]) -> bool:
    if fit is None or fit.shape.inputs != "scores" or not gains:
        return False
    return float(np.mean([gain.with_series - gain.without for gain in gains])) < 0


def _unseen_studies(folds: Sequence[FoldModel], with_series: bool, bar: Progress) -> Iterator[ScoredStudy]:
    """Yield the labeled studies of all patients, scored by the models that have not seen them."""
    for fold in folds:
        group, model = fold.run.split().test, fold.model if with_series else fold.alone
        name = f"{fold.run.folder.name}: studies"
        yield from bar.track(labeled_studies(model, group), total=len(group), description=name)
