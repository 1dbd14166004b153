"""A model folder from a run: its averaged weights, with probabilities and thresholds from the validation fold."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.models import (
    FEWEST_STUDIES,
    Manifest,
    Model,
    fit_feature_distribution,
    load_model,
    sha256_of,
    write_feature_distribution,
)
from triage_node.train.calibration.calibrate import OperatingPoints, calibrate
from triage_node.train.calibration.conformal import ErrorLevels
from triage_node.train.evaluation.scored import ScoredStudy, as_head
from triage_node.train.export import ModelDescription, export_model, save_manifest
from triage_node.train.model_card import PRIOR, write_card
from triage_node.train.rsna.evaluation.scoring import prevalence, score_study
from triage_node.train.rsna.fitting.fit import RUN_FILE, Run
from triage_node.train.rsna.fitting.splitting import Split
from triage_node.train.rsna.shards.cache import CachedSeries

MODEL_FOLDER = "model"
# More say little of what is familiar that these do not.
FAMILIAR_SERIES = 4000


@dataclass(frozen=True)
class ExportRequest:
    """What is exported, and what the manifest calls it; without a name by its network, such as rsna-lite0."""

    run: Run
    folder: Path
    name: str | None
    version: str

    @property
    def model_name(self) -> str:
        """Return the name of the model."""
        return self.name or f"rsna-{self.run.fitting.architecture.removeprefix('lesion-map-')}"


@dataclass(frozen=True)
class Calibration:
    """What probabilities, thresholds and the limit of what is familiar are set on.

    Attributes
    ----------
    studies
        Scored.
    series
        Whose features are familiar.
    source
        What the manifest says of them.
    """

    studies: list[ScoredStudy]
    series: tuple[CachedSeries, ...]
    source: str

    @classmethod
    def by_validation(cls, model: Model, parts: Split) -> "Calibration":
        """Return the labeled studies of the validation fold, as a model scores them."""
        studies = list(labeled_studies(model, parts.validation))
        return cls(studies, parts.validation, _validation_source(model.manifest, parts))


def _recipe(run: Path, prior: np.ndarray) -> dict[str, Any]:
    """Return how the weights were made: of folders only names are kept."""
    content = json.loads((run / RUN_FILE).read_text(encoding="utf-8"))
    tables = Path(content["run"]["tables"]).name
    start = content["fitting"]["start"]
    weights = content["fitting"].get("imagenet_weights")
    fitting = {**content["fitting"], "start": start and Path(start).parent.name}
    fitting |= {"imagenet_weights": weights and Path(weights).name}
    known = {str(label): round(float(value), 6) for label, value in zip(LABELS, prior, strict=True)}
    return {**content, "run": {**content["run"], "tables": tables}, "fitting": fitting, PRIOR: known}


def prior_of(manifest: Manifest, otherwise: np.ndarray | None = None) -> np.ndarray:
    """Return ``(6,)`` how often each label was positive in what a model was fitted on.

    Parameters
    ----------
    otherwise
        What to take for a model that does not come from such a run.

    Raises
    ------
    TriageError
        When the model was not exported from such a run, and nothing else was given.
    """
    known = (manifest.recipe or {}).get(PRIOR)
    if known is None and otherwise is not None:
        return otherwise
    if known is None:
        raise TriageError(f"The model {manifest.name} does not come from rsna export: it names no prior.")
    return np.array([float(known[label]) for label in LABELS])


def described(series: tuple[CachedSeries, ...]) -> str:
    """Return how many labeled images of how many patients there are."""
    images = sum(int(one.image_known.sum()) for one in series)
    return f"{images} labeled images of {len({one.patient_id for one in series})} patients"


def _began(run: Run) -> str:
    """Return what the encoder began with: whoever compares the figures must know what it had seen before."""
    if run.fitting.start is None and run.fitting.imagenet:
        return "It began with an encoder of ImageNet."
    if run.fitting.start is None:
        return "It began with random weights."
    return f"It began with the weights of {Path(run.fitting.start).parent.name}, and knows what those were fitted on."


def export_run(request: ExportRequest, parts: Split) -> Manifest:
    """Write a model folder that is not calibrated yet."""
    fitting = request.run.fitting
    weights = request.run.folder / fitting.chosen_file
    if not weights.exists():
        raise TriageError(f"The run {request.run.folder} has no weights yet: let rsna fit complete an epoch first.")
    description = ModelDescription(
        name=request.model_name,
        version=request.version,
        training_data=f"Fitted on {described(parts.fitting)} in the format of RSNA 2019; labels by slice. "
        f"{_began(request.run)}",
        architecture=fitting.architecture,
        decoder_filters=fitting.decoder_filters,
        geometry=fitting.geometry,
        windows=fitting.windows,
        mirrored=request.run.settings.mirrored,
        recipe=_recipe(request.run.folder, prevalence(parts.fitting)),
    )
    return export_model([weights], request.folder, description)


def labeled_studies(model: Model, group: Sequence[CachedSeries]) -> Iterator[ScoredStudy]:
    """Yield the scored series whose slices are all labeled."""
    for series in group:
        if len(series) and series.known.all():
            yield score_study(model, series)


def _validation_source(manifest: Manifest, parts: Split) -> str:
    return f"{described(parts.validation)} of the validation fold, {_seen_by(manifest)}."


def _seen_by(manifest: Manifest) -> str:
    if manifest.series_sha256 is None:
        return "none of them fitted on"
    return "none of them fitted on, but they decided when the fit of the series model stopped"


def export_calibrated(
    request: ExportRequest, parts: Split, levels: ErrorLevels, bar: Progress
) -> tuple[Model, Manifest]:
    """Write a model folder whose probabilities and thresholds come from the validation fold.

    Returned are the model, as it was loaded before, and the manifest as it is now.

    Raises
    ------
    TriageError
        When there is no such fold, since the run is fitted on all patients.
    """
    if request.run.settings.test is None:
        raise TriageError(
            f"The run {request.run.folder} is fitted on all patients, so none is left for its thresholds: rsna series "
            f"{request.run.folder.parent} exports it with those of the folds."
        )
    export_run(request, parts)
    model = load_model(request.folder)
    found = bar.track(labeled_studies(model, parts.validation), total=len(parts.validation), description="scoring")
    calibration = Calibration(list(found), parts.validation, _validation_source(model.manifest, parts))
    return model, calibrate_export(model, calibration, levels)


def calibrate_export(model: Model, calibration: Calibration, levels: ErrorLevels) -> Manifest:
    """Set probabilities, thresholds and what is familiar, and write manifest and card.

    The feature statistics need `FEWEST_STUDIES` series; with fewer the model calls nothing unfamiliar.

    Raises
    ------
    TriageError
        When no series is labeled.
    """
    if not calibration.studies:
        raise TriageError("No series of the validation fold is labeled: thresholds cannot be set.")
    manifest = calibrate(model.manifest, calibration.studies, OperatingPoints(levels))
    if manifest.decision is not None:
        manifest = replace(manifest, decision=replace(manifest.decision, source=calibration.source))
    heads = [series for series in calibration.series if len(series)][:FAMILIAR_SERIES]
    if len(heads) >= FEWEST_STUDIES:
        feature_distribution = fit_feature_distribution(model, map(as_head, heads))
        path = write_feature_distribution(manifest.folder, feature_distribution)
        manifest = replace(manifest, features_sha256=sha256_of(path))
    written = save_manifest(manifest)
    write_card(written)
    return written
