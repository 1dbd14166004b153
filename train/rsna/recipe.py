"""A recipe for a fit on labeled slices: network, frame, windows, how it is fitted, how slices are changed."""

import json
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from triage_node.errors import ModelError
from triage_node.models import ARCHITECTURES, Geometry, Window, entry_error
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.recipe import DEFAULT_RECIPE, FOLDER, STRICT
from triage_node.train.rsna.fitting.balance import Balance


@dataclass(frozen=True, config=STRICT)
class FitTable:
    """How to fit; the names are those of `FitSettings`, an option of `rsna fit` goes before.

    Attributes
    ----------
    epoch
        Most steps between two looks at the validation fold.
    balance
        How rare types get their say.
    """

    steps: int = 20000
    epoch: int = 500
    batch: int = 32
    accumulate: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warm_up: int = 200
    average_decay: float = 0.998
    label_smoothing: float = 0.0
    keep_best: bool = False
    patience: int = 0
    validation_slices: int = 512
    balance: Balance = Balance.SAMPLING


@dataclass(frozen=True, config=STRICT)
class RsnaRecipe:
    """What decides, beside the tables and the seed, what weights a fit ends with.

    Attributes
    ----------
    name
        Of the recipe.
    architecture, decoder_filters
        The network, one of `ARCHITECTURES`, and the width of its decoder.
    geometry
        Frame of the slices: pixel size, rows and columns, distance of the neighbors.
    windows
        Channels of the network; those with ``neighbors`` show the slices below and above, too.
    mirrored
        Whether the exported model answers with the mean of a slice and its mirror image.
    fit, augmentation
        How it is fitted, and how far a slice may be changed.
    """

    name: str
    architecture: str
    geometry: Geometry
    windows: tuple[Window, ...]
    decoder_filters: int = 48
    mirrored: bool = False
    fit: FitTable = field(default_factory=FitTable)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ModelError(
                f"The recipe {self.name} names the architecture {self.architecture!r}; there is "
                f"{', '.join(ARCHITECTURES)}."
            )
        if self.geometry.rows % 32 or self.geometry.columns % 32:
            rows, columns = self.geometry.rows, self.geometry.columns
            raise ModelError(f"The recipe {self.name} has {rows} x {columns} pixels: both must be divisible by 32.")

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as the JSON content of its file."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return content


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with the package by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.json"))}


def read_rsna_recipe(name_or_path: Path | None = None) -> RsnaRecipe:
    """Return a shipped recipe by its name, or that of a file; None for the package's own of generated studies.

    A recipe of generated studies gives its network and its frame; how it is fitted on them means nothing here.

    Raises
    ------
    ModelError
        When there is no such recipe, or with the name of the entry that is wrong.
    """
    path = shipped_recipes().get(str(name_or_path), name_or_path) if name_or_path else DEFAULT_RECIPE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        shipped = ", ".join(shipped_recipes())
        raise ModelError(f"The recipe {path} could not be read: {error}. Shipped are {shipped}.") from error
    if isinstance(content, dict) and "trunk" in content:
        known = RsnaRecipe.__dataclass_fields__
        content = {name: value for name, value in content.items() if name in known}
        content["mirrored"] = False
    try:
        return TypeAdapter(RsnaRecipe).validate_json(json.dumps(content))
    except ValidationError as error:
        raise ModelError(f"In the recipe {entry_error(error)}.") from error
