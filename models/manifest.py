"""The manifest of a model: what it is, what it needs, what it was measured at. Read without Keras."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triage_node.errors import ModelError
from triage_node.findings import LABELS, Label, ModelIdentity
from triage_node.models.calibration import DecisionRecord, Scaling, Thresholds
from triage_node.models.preprocessing import Geometry
from triage_node.models.series_shape import SeriesShape
from triage_node.models.weights_file import sha256_of
from triage_node.models.windows import Window, channel_count

FEATURES_NAME = "familiarity.npz"  # the name that files of released models have
SERIES_NAME = "series.npz"


@dataclass(frozen=True)
class BaseModel:
    """The shipped model that a site's model was made from: name, version and SHA-256 of its manifest."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a model's folder says of the model.

    Attributes
    ----------
    name, version
        Which model this is.
    sha256
        SHA-256 of the manifest file, which in turn pins the weights: the identity that reports carry.
    folder
        Where manifest, weights and card lie.
    weights_file, weights_sha256
        The weights and what they must hash to.
    architecture
        Name of the network in the registry of architectures.
    decoder_filters
        Width of the network's decoder.
    geometry, windows
        Input of the network.
    slice_scaling, study_scaling
        From logits to probabilities, for slices and for the study.
    thresholds
        Study thresholds per label.
    slice_thresholds
        Probability per label above which a slice counts as suspicious.
    training_data
        One sentence that says what the weights were fitted on.
    metrics
        Measured figures by name.
    minimum_age_years
        Youngest patient the model was made for.
    decision
        How the thresholds were found; None in manifests that do not say.
    base
        The model that a site's model was made from, None for others.
    features_sha256
        What the statistics of the training data must hash to; None in a model that has none.
    series_sha256
        What the weights of the series model must hash to; None in a model that has none.
    series
        What kind of series model it is; that of models that do not say by default.
    mirrored
        Whether slice logits are the mean of a slice's and its mirror image's.
    recipe
        How the weights were made: seeds, settings and code; None in manifests that do not say.
    """

    name: str
    version: str
    sha256: str
    folder: Path = field(repr=False)
    weights_file: str
    weights_sha256: str
    architecture: str
    decoder_filters: int
    geometry: Geometry
    windows: tuple[Window, ...]
    slice_scaling: Scaling
    study_scaling: Scaling
    thresholds: Thresholds
    slice_thresholds: Mapping[Label, float]
    training_data: str
    metrics: Mapping[str, Any]
    minimum_age_years: int = 18
    labels: tuple[Label, ...] = LABELS
    decision: DecisionRecord | None = None
    base: BaseModel | None = None
    features_sha256: str | None = None
    series_sha256: str | None = None
    series: SeriesShape = field(default_factory=SeriesShape)
    mirrored: bool = False
    recipe: Mapping[str, Any] | None = None

    @property
    def identity(self) -> ModelIdentity:
        """Return name, version and hash, as reports carry them."""
        return ModelIdentity(self.name, self.version, self.sha256)

    @property
    def channels(self) -> int:
        """Return how many channels the network reads."""
        return channel_count(self.windows)

    @property
    def weights_path(self) -> Path:
        """Return the path of the weights file."""
        return self.folder / self.weights_file

    @property
    def features_path(self) -> Path | None:
        """Return the path of the statistics of the training data, None in a model that has none."""
        return None if self.features_sha256 is None else self.folder / FEATURES_NAME

    @property
    def series_path(self) -> Path | None:
        """Return the path of the weights of the series model, None in a model that has none."""
        return None if self.series_sha256 is None else self.folder / SERIES_NAME

    def check_parts(self) -> None:
        """Raise `ModelError` unless the files beside the weights are those that the manifest names."""
        for path, known in ((self.features_path, self.features_sha256), (self.series_path, self.series_sha256)):
            if path is not None and (not path.is_file() or sha256_of(path) != known):
                raise ModelError(f"The file {path.name} of the model {self.name} is not the one its manifest names.")

    def check_weights(self) -> None:
        """Raise `ModelError` unless the weights file is there and is the one that was released."""
        if not self.weights_path.is_file():
            raise ModelError(f"The model {self.name} has no weights file {self.weights_file} in {self.folder}.")
        if (found := sha256_of(self.weights_path)) != self.weights_sha256:
            raise ModelError(
                f"The weights of the model {self.name} are not those its manifest names: "
                f"SHA-256 {found[:12]}… instead of {self.weights_sha256[:12]}…."
            )
