"""A recipe: everything that decides what weights a fit ends with, in one file."""

import json
from dataclasses import asdict, field, fields
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from triage_node.errors import ModelError
from triage_node.models import ARCHITECTURES, Geometry, Window, entry_error
from triage_node.train.calibration.conformal import ErrorLevels
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.settings import FitSettings, Schedule

FOLDER = Path(__file__).parent / "recipes"
DEFAULT_RECIPE = FOLDER / "lesion-map-lite0.json"
STRICT = ConfigDict(strict=True, extra="forbid")


@dataclass(frozen=True, config=STRICT)
class StudyRange:
    """Generated studies: how many, from which seed on."""

    count: int
    first_seed: int

    @property
    def seeds(self) -> range:
        """Return the seeds of the studies."""
        return range(self.first_seed, self.first_seed + self.count)


@dataclass(frozen=True, config=STRICT)
class Stage:
    """One stage of a fit, run once for each seed; the names are those of `FitSettings`."""

    steps: int
    epoch: int
    batch: int
    learning_rate: float
    weight_decay: float
    warm_up: int
    schedule: Schedule
    average_decay: float
    seeds: tuple[int, ...]


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """What reproduces a model from nothing but the package.

    Attributes
    ----------
    name, architecture
        Name of the model, and of its network.
    geometry, windows, decoder_filters
        Input and size of the network.
    mirrored
        Whether the model answers with the mean of a slice and its mirror image.
    studies, calibration, evaluation
        Generated studies to fit on, to set thresholds on, and to measure on; none is in two of them.
    augmentation
        How far slices are changed.
    trunk
        The long stage from the ImageNet start, at a learning rate that stays.
    branches
        Short stages that each go on from the trunk's last weights to a learning rate near 0. The mean of their averaged
        weights is shipped.
    levels
        Shares of studies that the thresholds may answer wrongly.
    """

    name: str
    architecture: str
    geometry: Geometry
    windows: tuple[Window, ...]
    decoder_filters: int
    mirrored: bool
    studies: StudyRange
    trunk: Stage
    branches: Stage
    calibration: StudyRange
    evaluation: StudyRange
    augmentation: Augmentation = field(default_factory=Augmentation)
    levels: ErrorLevels = field(default_factory=ErrorLevels)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ModelError(
                f"The recipe {self.name} names the architecture {self.architecture!r}; there is "
                f"{', '.join(ARCHITECTURES)}."
            )
        parts = [("studies", self.studies), ("calibration", self.calibration), ("evaluation", self.evaluation)]
        for k, (name, first) in enumerate(parts):
            for other, second in parts[k + 1 :]:
                if max(first.seeds.start, second.seeds.start) < min(first.seeds.stop, second.seeds.stop):
                    raise ModelError(f"The recipe {self.name} has the same seeds in {name} and {other}.")
        if len(self.trunk.seeds) != 1 or not self.branches.seeds:
            raise ModelError(f"The recipe {self.name} needs one seed for its trunk and at least one for its branches.")

    def settings(self, stage: Stage, seed: int, start: Path | None = None) -> FitSettings:
        """Return the settings of one run of a stage."""
        values = {part.name: getattr(stage, part.name) for part in fields(stage) if part.name != "seeds"}
        return FitSettings(
            **values,
            seed=seed,
            start=start,
            architecture=self.architecture,
            geometry=self.geometry,
            windows=self.windows,
            decoder_filters=self.decoder_filters,
            augmentation=self.augmentation,
        )

    def trunk_settings(self) -> FitSettings:
        """Return the settings of the trunk."""
        return self.settings(self.trunk, self.trunk.seeds[0])

    def branch_settings(self, seed: int, start: Path) -> FitSettings:
        """Return the settings of a branch that goes on from a weights file."""
        return self.settings(self.branches, seed, start)

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as the JSON content of its file."""
        return asdict(self)


def parse_recipe(content: Any) -> Recipe:
    """Return a recipe from the JSON content of its file.

    Raises
    ------
    ModelError
        With the name of the entry that is wrong.
    """
    try:
        return TypeAdapter(Recipe).validate_json(json.dumps(content))
    except ValidationError as error:
        raise ModelError(f"In the recipe {entry_error(error)}.") from error


def read_recipe(path: Path = DEFAULT_RECIPE) -> Recipe:
    """Return the recipe in a file.

    Raises
    ------
    ModelError
        When it cannot be read, or with the name of the entry that is wrong.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"The recipe {path} could not be read: {error}") from error
    return parse_recipe(content)
