"""A recipe: everything that decides what weights a fit ends with, in one file."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from triage_node.errors import ModelError
from triage_node.models import Geometry, Window
from triage_node.train.fitting.settings import FitSettings, Schedule

FOLDER = Path(__file__).parent / "recipes"
DEFAULT_RECIPE = FOLDER / "lesion-map-lite0.json"


@dataclass(frozen=True)
class StudyRange:
    """Generated studies: how many, from which seed on."""

    count: int
    first_seed: int

    @property
    def seeds(self) -> range:
        """Return the seeds of the studies."""
        return range(self.first_seed, self.first_seed + self.count)


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
    trunk
        The long stage from the ImageNet start, at a learning rate that stays.
    branches
        Short stages that each go on from the trunk's last weights to a learning rate near 0. The mean of their averaged
        weights is shipped.
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

    def __post_init__(self) -> None:
        parts = [("studies", self.studies), ("calibration", self.calibration), ("evaluation", self.evaluation)]
        for k, (name, first) in enumerate(parts):
            for other, second in parts[k + 1 :]:
                if max(first.seeds.start, second.seeds.start) < min(first.seeds.stop, second.seeds.stop):
                    raise ModelError(f"The recipe {self.name} has the same seeds in {name} and {other}.")
        if len(self.trunk.seeds) != 1 or not self.branches.seeds:
            raise ModelError(f"The recipe {self.name} needs one seed for its trunk and at least one for its branches.")

    def settings(self, stage: Stage, seed: int, start: Path | None = None) -> FitSettings:
        """Return the settings of one run of a stage."""
        values = {field.name: getattr(stage, field.name) for field in fields(stage) if field.name != "seeds"}
        return FitSettings(
            **values,
            seed=seed,
            start=start,
            geometry=self.geometry,
            windows=self.windows,
            decoder_filters=self.decoder_filters,
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


def _checked(kind: type[Any], content: Any, where: str) -> dict[str, Any]:
    """Return the fields of a part of a recipe; every field must be there and of the right type."""
    if not isinstance(content, dict):
        raise ModelError(f"In the recipe {where} must be an object, not {content!r}.")
    known = {field.name: field for field in fields(kind)}
    if unknown := set(content) - set(known):
        raise ModelError(f"In the recipe {where} has the unknown entry {min(unknown)!r}.")
    required = {name for name, field in known.items() if field.default is field.default_factory}
    if missing := required - set(content):
        raise ModelError(f"In the recipe {where} lacks the entry {min(missing)!r}.")
    for name, value in content.items():
        _check_type(known[name].type, value, f"{where}.{name}")
    return content


NUMBERS: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}


def _check_type(wanted: Any, value: Any, where: str) -> None:
    accepted = NUMBERS.get(wanted)
    if accepted and (not isinstance(value, accepted) or (isinstance(value, bool) and wanted is not bool)):
        raise ModelError(f"In the recipe {where} must be of the type {wanted.__name__}, not {value!r}.")


def _stage(content: Any, where: str) -> Stage:
    values = _checked(Stage, content, where)
    seeds = values["seeds"]
    if not isinstance(seeds, list) or not all(isinstance(seed, int) for seed in seeds):
        raise ModelError(f"In the recipe {where}.seeds must be a list of whole numbers, not {seeds!r}.")
    return Stage(**{**values, "seeds": tuple(seeds)})


def _windows(content: Any) -> tuple[Window, ...]:
    if not isinstance(content, list) or not content:
        raise ModelError(f"In the recipe windows must be a list of windows, not {content!r}.")
    return tuple(Window(**_checked(Window, window, f"windows[{k}]")) for k, window in enumerate(content))


def parse_recipe(content: Any) -> Recipe:
    """Return a recipe from the JSON content of its file.

    Raises
    ------
    ModelError
        With the name of the entry that is wrong.
    """
    values = dict(_checked(Recipe, content, "the file"))
    values["geometry"] = Geometry(**_checked(Geometry, values["geometry"], "geometry"))
    values["windows"] = _windows(values["windows"])
    for name in ("studies", "calibration", "evaluation"):
        values[name] = StudyRange(**_checked(StudyRange, values[name], name))
    for name in ("trunk", "branches"):
        values[name] = _stage(values[name], name)
    return Recipe(**values)


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
