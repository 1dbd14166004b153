"""A model folder from fitted weights: manifest, float16 weights and a card."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import ModelError
from triage_node.findings import LABELS
from triage_node.models import (
    FILE_NAME,
    Geometry,
    Manifest,
    Scaling,
    Thresholds,
    Window,
    manifest_json,
    parse_manifest,
    read_weights,
    sha256_of,
    write_arrays,
)
from triage_node.train.fitting.settings import WEIGHTS_FILE
from triage_node.train.provenance import provenance
from triage_node.train.recipe import Recipe

WEIGHTS_NAME = "weights.npz"
# Until a model is calibrated it flags only what it is nearly certain of.
UNCALIBRATED = 0.99


@dataclass(frozen=True)
class ModelDescription:
    """What a manifest says beside the weights."""

    name: str
    version: str
    training_data: str
    architecture: str
    decoder_filters: int
    geometry: Geometry
    windows: tuple[Window, ...]
    minimum_age_years: int = 18
    mirrored: bool = False
    recipe: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class KeptWeights:
    """A model that a fit went on from, a share of whose weights stays: what it knew is not forgotten.

    Weights on the line between the two are often better than either (Wortsman et al., Robust fine-tuning of zero-shot
    models, 2022).

    Raises
    ------
    ModelError
        When the share is none.
    """

    model: Manifest
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ModelError(f"The share of the weights that are kept lies between 0 and 1, not at {self.share:g}.")

    def mixed(self, fitted: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the weights in between."""
        kept = read_weights(self.model.weights_path)
        if _shapes(kept) != _shapes(fitted):
            raise ModelError(f"The weights of {self.model.name} {self.model.version} belong to another network.")
        return {name: array + np.float32(self.share) * (kept[name] - array) for name, array in fitted.items()}

    def to_json(self) -> dict[str, Any]:
        """Return which model it was, and its share."""
        model = self.model
        return {"model": f"{model.name} {model.version}", "sha256": model.weights_sha256, "share": self.share}


def _shapes(weights: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in weights.items()}


def save_manifest(manifest: Manifest) -> Manifest:
    """Write a manifest into its folder and return it as it reads back, with its new hash."""
    path = manifest.folder / FILE_NAME
    with complete_file(path) as partial:
        partial.write_text(json.dumps(manifest_json(manifest), indent=2) + "\n", encoding="utf-8")
    return parse_manifest(manifest.folder)


def average_weights(paths: list[Path]) -> dict[str, np.ndarray]:
    """Return the mean of weights files whose runs went on from one another, which predicts better than the last.

    Raises
    ------
    ModelError
        When they do not belong to the same network.
    """
    first, *others = (read_weights(path) for path in paths)
    for other in others:
        if _shapes(other) != _shapes(first):
            raise ModelError(f"The weights files {', '.join(map(str, paths))} belong to different networks.")
    return {name: np.mean([array, *(other[name] for other in others)], axis=0) for name, array in first.items()}


def export_model(
    weights: list[Path], folder: Path, description: ModelDescription, kept: KeptWeights | None = None
) -> Manifest:
    """Write a model folder that predicts but is not calibrated yet.

    Parameters
    ----------
    weights
        Weights files of one fit or of several that are averaged.
    folder
        Becomes the model folder.
    kept
        What is mixed in of the model that the fit went on from.

    Raises
    ------
    ModelError
        When the weights cannot be read, or hold what is no number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / WEIGHTS_NAME
    fitted = average_weights(weights)
    write_arrays(target, kept.mixed(fitted) if kept else fitted)
    cautious = dict.fromkeys(LABELS, UNCALIBRATED)
    manifest = Manifest(
        **{name: getattr(description, name) for name in ModelDescription.__dataclass_fields__},
        sha256="",
        folder=folder,
        weights_file=WEIGHTS_NAME,
        weights_sha256=sha256_of(target),
        slice_scaling=Scaling(),
        study_scaling=Scaling(),
        thresholds=Thresholds(cautious, cautious),
        slice_thresholds=cautious,
        metrics={},
    )
    return save_manifest(manifest)


def export_runs(
    runs: list[Path],
    folder: Path,
    recipe: Recipe,
    version: str,
    training_data: str,
    kept: KeptWeights | None = None,
) -> Manifest:
    """Write the mean of some runs' averaged weights as a model folder that says how they were made."""
    description = ModelDescription(
        name=recipe.name,
        version=version,
        training_data=training_data,
        architecture=recipe.architecture,
        decoder_filters=recipe.decoder_filters,
        geometry=recipe.geometry,
        windows=recipe.windows,
        mirrored=recipe.mirrored,
        recipe=provenance(recipe, runs) | ({"kept": kept.to_json()} if kept else {}),
    )
    return export_model([run / WEIGHTS_FILE for run in runs], folder, description, kept)
