"""A site's model folder beside the shipped one: other weights or thresholds, and where they come from."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from triage_node.complete_file import complete_file
from triage_node.errors import ModelError
from triage_node.models import (
    FEATURES_NAME,
    SERIES_NAME,
    BaseModel,
    FeatureDistribution,
    Manifest,
    read_weights,
    sha256_of,
    write_arrays,
    write_feature_distribution,
)
from triage_node.train.export import WEIGHTS_NAME, save_manifest
from triage_node.train.model_card import write_card


def site_name(text: str) -> str:
    """Return what a site's name becomes in a model's name.

    Raises
    ------
    ModelError
        When no letter or digit remains.
    """
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not name:
        raise ModelError(f"The name {text!r} cannot name a site's model: it has no letter or digit.")
    return name


def check_site_folder(base: Manifest, folder: Path, site: str) -> str:
    """Return the name of a site's model.

    Raises
    ------
    ModelError
        When the folder is that of the base, or nothing can be named after the site.
    """
    if folder.resolve() == base.folder.resolve():
        raise ModelError("A site's model needs a folder of its own: the one given holds the model it starts from.")
    return f"{base.name}-{site_name(site)}"


def start_site_model(
    base: Manifest,
    folder: Path,
    site: str,
    weights: Path | None = None,
    distribution: FeatureDistribution | None = None,
) -> Manifest:
    """Return the manifest of a new site model whose weights lie in its folder; it is not written yet.

    Parameters
    ----------
    weights
        None to copy those of the base, and what is familiar to them.
    distribution
        What is familiar to other weights.

    Raises
    ------
    ModelError
        As `check_site_folder`.
    """
    name = check_site_folder(base, folder, site)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / WEIGHTS_NAME
    arrays = read_weights(weights or base.weights_path)
    write_arrays(target, arrays)
    return replace(
        base,
        name=name,
        folder=folder,
        weights_file=WEIGHTS_NAME,
        weights_sha256=sha256_of(target),
        features_sha256=_save_feature_distribution(base, folder, weights is None, distribution),
        # A series model reads the features of one network: with other weights it would read noise.
        series_sha256=_keep_series(base, folder) if weights is None else None,
        base=BaseModel(base.name, base.version, base.sha256),
        metrics={},
    )


def _save_feature_distribution(
    base: Manifest, folder: Path, same: bool, distribution: FeatureDistribution | None
) -> str | None:
    """Write what is familiar to the weights, copied where they are the base's, and return its hash."""
    if distribution is not None:
        return sha256_of(write_feature_distribution(folder, distribution))
    if same and base.features_path is not None:
        return sha256_of(_copy(base.features_path, folder / FEATURES_NAME))
    return None


def _keep_series(base: Manifest, folder: Path) -> str | None:
    if base.series_path is None:
        return None
    return sha256_of(_copy(base.series_path, folder / SERIES_NAME))


def _copy(source: Path, target: Path) -> Path:
    with complete_file(target) as partial:
        shutil.copyfile(source, partial)
    return target


def finish_site_model(manifest: Manifest, metrics: Mapping[str, Any]) -> Manifest:
    """Write manifest and card, and return the manifest as the node will read it."""
    written = save_manifest(replace(manifest, metrics=dict(metrics)))
    write_card(written)
    return written
