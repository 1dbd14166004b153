"""A series model for an exported model folder."""

from dataclasses import replace
from pathlib import Path

from rich.progress import Progress

from triage_node.models import SERIES_NAME, Manifest, Model, SeriesShape, load_model, read_manifest, sha256_of
from triage_node.train.calibration.conformal import ErrorLevels
from triage_node.train.export import save_manifest
from triage_node.train.rsna.evaluation.exporting import Calibration, calibrate_export
from triage_node.train.rsna.fitting.encoding import encode
from triage_node.train.rsna.fitting.series_fit import SeriesFit, SeriesGain, fit_series
from triage_node.train.rsna.fitting.splitting import Split


def add_series_model(
    folder: Path, parts: Split, settings: SeriesFit, levels: ErrorLevels, bar: Progress
) -> tuple[SeriesGain, Manifest | None]:
    """Fit a series model for a model folder; return what it gains, and the new manifest where it is kept.

    It is fitted on the slices the network was fitted on, where the network is surer of itself than elsewhere; the
    validation fold says when to stop, and whether it helps at all.

    Raises
    ------
    ModelError
        When there is no model in the folder.
    TriageError
        When too little is labeled.
    """
    network = alone(folder)
    fitting, validation = (
        list(bar.track(encode(network, group), total=len(group), description=f"encoding {name}"))
        for name, group in (("fitting folds", parts.fitting), ("validation fold", parts.validation))
    )
    partial = folder / f"partial-{SERIES_NAME}"
    gain = fit_series(fitting, validation, network.manifest.geometry.max_slices, settings, partial)
    if not keep_series_model(folder, partial, gain.helps, settings.shape):
        return gain, None
    model = load_model(folder)
    return gain, calibrate_export(model, Calibration.by_validation(model, parts), levels)


def alone(folder: Path) -> Model:
    """Return the model of a folder without the series model that it may have."""
    return Model(replace(read_manifest(folder), series_sha256=None))


def keep_series_model(folder: Path, partial: Path, helps: bool, shape: SeriesShape) -> bool:
    """Give a model folder the series model of a weights file, or remove the file where it does not help."""
    if not helps:
        partial.unlink()
        return False
    manifest = read_manifest(folder)
    partial.replace(folder / SERIES_NAME)
    save_manifest(replace(manifest, series_sha256=sha256_of(folder / SERIES_NAME), series=shape))
    return True
