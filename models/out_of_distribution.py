"""How far a study lies from what the network was fitted on, measured in the network's own features.

Source: Lee et al., A Simple Unified Framework for Detecting Out-of-Distribution Samples (2018): the Mahalanobis
distance of features. A network is confidently wrong far from its training data; its features still show the distance.
"""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import ModelError
from triage_node.findings import ImageDistance
from triage_node.models.manifest import FEATURES_NAME

if TYPE_CHECKING:
    from triage_node.models.keras_setup import keras
    from triage_node.models.predictor import Model
    from triage_node.models.preprocessing import StrippedHead

OUTPUT = "features"
# Inputs of these layers are the encoder's features at each stride and the decoder's last ones.
FEATURE_LAYERS = ("lateral4_conv", "lateral8_conv", "lateral16_conv", "lateral32_conv", "map")
# Share of the unit matrix in the covariance, so that directions in which few slices vary do not decide.
SHRINKAGE = 0.05
# A feature that deviates by less than this share of its mean is a constant, and differs between processors only.
CONSTANT = 1e-4
# The deviation of any other counts as at least this share of their median one.
SMALLEST_SCALE = 0.01
# The limit: this quantile of generated studies that the statistics have not seen, times a margin, since heads of
# patients lie further out than generated ones.
LIMIT_QUANTILE = 0.995
LIMIT_MARGIN = 1.25
FOLDS = 5
FEWEST_STUDIES = 20


@dataclass(frozen=True)
class FeatureDistribution:
    """Mean and spread of the features of generated slices, and how far a study may lie from them.

    Attributes
    ----------
    mean, scale
        ``(features,) float32``, mean and deviation; infinite for a constant feature, which says nothing.
    whitening
        ``(features, features) float32``: turns standardized features into ones of unit covariance.
    limit
        Largest distance of a familiar study.
    """

    mean: np.ndarray = field(repr=False)
    scale: np.ndarray = field(repr=False)
    whitening: np.ndarray = field(repr=False)
    limit: float

    def slice_distances(self, features: np.ndarray) -> np.ndarray:
        """Return ``(slices,)`` distances of ``(slices, features)``, about 0.5 where the fit has looked."""
        whitened = ((features - self.mean) / self.scale) @ self.whitening
        found: np.ndarray = np.sqrt(np.mean(whitened**2, axis=1))
        return found

    def distance(self, features: np.ndarray) -> ImageDistance:
        """Return the distance of a study: the median over its slices with brain, which a few odd slices cannot move."""
        if len(features) == 0:
            return ImageDistance(float(np.finfo(np.float32).max), self.limit)
        return ImageDistance(float(np.median(self.slice_distances(features))), self.limit)


def with_features(network: "keras.Model") -> "keras.Model":
    """Return the same layers with a further output, ``features`` ``(batch, features)``; no weight is added."""
    from triage_node.models.keras_setup import keras

    pooled = [keras.ops.mean(network.get_layer(name).input, axis=(1, 2)) for name in FEATURE_LAYERS]
    features = keras.layers.Concatenate(name=OUTPUT)(pooled)
    return keras.Model(network.input, {**network.output, OUTPUT: features}, name=network.name)


def _without_constants(mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return deviations, infinite where a feature never changes: divided by rounding errors it would drown all others.

    Raises
    ------
    ModelError
        When nothing changes at all.
    """
    constant = ~np.isfinite(scale) | (scale <= CONSTANT * np.maximum(np.abs(mean), 0.01))
    if constant.all():
        raise ModelError("No feature of the network tells one slice from another.")
    least = SMALLEST_SCALE * float(np.median(scale[~constant]))
    return np.where(constant, np.inf, np.maximum(scale, least))


def _statistics(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, deviation and whitening of ``(slices, features)``."""
    mean = features.mean(axis=0)
    scale = _without_constants(mean, features.std(axis=0))
    covariance = np.cov(((features - mean) / scale).T)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(shrunk)
    # Rounded as the file keeps them, so that what is read back measures the same.
    return mean.astype(np.float32), scale.astype(np.float32), (vectors / np.sqrt(values)).astype(np.float16)


def _distribution(studies: Sequence[np.ndarray], limit: float) -> FeatureDistribution:
    mean, scale, whitening = _statistics(np.concatenate(studies).astype(np.float64))
    return FeatureDistribution(mean, scale, whitening.astype(np.float32), limit)


def fit_features(studies: Sequence[np.ndarray]) -> FeatureDistribution:
    """Return the statistics of studies, each ``(slices, features)``; the limit comes from studies left out in turn.

    Raises
    ------
    ModelError
        When there are too few studies for a limit.
    """
    studies = [study for study in studies if len(study)]
    if len(studies) < FEWEST_STUDIES:
        raise ModelError(f"The limit of what is familiar needs {FEWEST_STUDIES} studies or more, got {len(studies)}.")
    distances = []
    for fold in range(FOLDS):
        others = [study for number, study in enumerate(studies) if number % FOLDS != fold]
        fitted = _distribution(others, np.inf)
        distances += [fitted.distance(study).value for study in studies[fold::FOLDS]]
    return _distribution(studies, float(np.quantile(distances, LIMIT_QUANTILE)) * LIMIT_MARGIN)


def fit_feature_distribution(model: "Model", heads: Iterable["StrippedHead"]) -> FeatureDistribution:
    """Return the statistics of generated heads that no fit has seen."""
    return fit_features([model.observe(head).features for head in heads])


def write_feature_distribution(folder: Path, distribution: FeatureDistribution) -> Path:
    """Write the statistics into a model folder and return the file; the manifest must pin its SHA-256."""
    path = folder / FEATURES_NAME
    with complete_file(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            allow_pickle=False,
            mean=distribution.mean,
            scale=distribution.scale,
            whitening=distribution.whitening.astype(np.float16),
            limit=np.float64(distribution.limit),
        )
    return path


def read_feature_distribution(path: Path) -> FeatureDistribution:
    """Return the statistics of a file.

    Raises
    ------
    ModelError
        When the file is missing or is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            mean, scale, whitening = (stored[name].astype(np.float32) for name in ("mean", "scale", "whitening"))
            limit = float(stored["limit"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"The file of feature statistics {path.name} could not be read: {error}") from error
    # Files of models before 0.14 keep a small number for the deviation of a constant.
    return FeatureDistribution(mean, _without_constants(mean, scale).astype(np.float32), whitening, limit)
