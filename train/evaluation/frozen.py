"""The frozen evaluation set: which generated studies figures are measured on, and how they are made."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.complete_file import complete_file
from triage_node.errors import TriageError
from triage_node.findings import TYPES, Label
from triage_node.models import FILE_NAME, Geometry, Manifest
from triage_node.train.phantom import blood
from triage_node.train.phantom import study as generator
from triage_node.train.phantom.making import make_shards, shard_ranges
from triage_node.train.shards import read_seeds, shard_paths

FROZEN_FILE = Path(__file__).with_name("frozen.json")
# A file beside the shards, so that those of an older generator are not taken for the present ones.
STAMP = "frozen-set.json"


@dataclass(frozen=True)
class Published:
    """What is published of real lesions of a type.

    Attributes
    ----------
    volume_ml
        Volumes in mL at `FrozenSet.percentiles`.
    hu
        Mean HU, and its standard deviation between lesions.
    """

    volume_ml: tuple[float, ...]
    hu: tuple[float, float]


@dataclass(frozen=True)
class FrozenSet:
    """The set's seeds, the generator's settings, and the published statistics its lesions are held against."""

    first_seed: int
    studies: int
    generator: Mapping[str, Any]
    percentiles: tuple[float, ...]
    published: Mapping[Label, Published]

    @property
    def name(self) -> str:
        """Return the set's name on cards: figures of different generators do not compare."""
        return f"Frozen evaluation set, generator version {self.generator['version']}"

    @property
    def seeds(self) -> range:
        """Return the seeds of the studies."""
        return range(self.first_seed, self.first_seed + self.studies)

    @property
    def shards(self) -> int:
        """Return how many shards the set has."""
        return len(shard_ranges(self.first_seed, self.studies))


@cache
def read_frozen_set() -> FrozenSet:
    """Return the set that comes with the package."""
    content = json.loads(FROZEN_FILE.read_text(encoding="utf-8"))
    published = content["published"]
    return FrozenSet(
        first_seed=content["first_seed"],
        studies=content["studies"],
        generator=content["generator"],
        percentiles=tuple(published["percentiles"]),
        published={
            label: Published(tuple(published[label]["volume_ml"]), tuple(published[label]["hu"])) for label in TYPES
        },
    )


def generator_settings() -> dict[str, Any]:
    """Return the generator's version and the settings that decide how hard its lesions are, as it is now."""
    return {
        "version": generator.VERSION,
        "blood_share": generator.BLOOD_SHARE,
        "smallest_area_mm2": generator.SMALLEST_AREA_MM2,
        "smallest_contrast_hu": blood.SMALLEST_CONTRAST_HU,
        "smallest_contrast_in_fluid_hu": blood.SMALLEST_CONTRAST_IN_FLUID_HU,
        "largest_hu": blood.LARGEST_HU,
        "readable_hu": list(generator.READABLE_HU),
        "first_type": {str(label): value for label, value in generator.FIRST_TYPE.items()},
        "further_type": {str(label): value for label, value in generator.FURTHER_TYPE.items()},
    }


def check_generator(frozen: FrozenSet) -> None:
    """Raise `TriageError` when the generator has other settings than the frozen set."""
    for name, value in generator_settings().items():
        if value != frozen.generator[name]:
            raise TriageError(
                f"The generator has {name} {value}, the frozen evaluation set {frozen.generator[name]}: "
                f"figures would not compare. Change {FROZEN_FILE.name} only together with the version of the model."
            )


def make_frozen_shards(folder: Path, frozen: FrozenSet, geometry: Geometry, workers: int) -> Iterator[Path]:
    """Yield the shards of the set as they are there; those already made are kept.

    Raises
    ------
    TriageError
        When the generator is not the one of the set, or the folder holds other shards.
    """
    check_generator(frozen)
    _stamp(folder, {"generator": dict(frozen.generator), "geometry": asdict(geometry)})
    yield from make_shards(folder, frozen.first_seed, frozen.studies, geometry, workers)
    check_shards(folder, frozen)


def _stamp(folder: Path, settings: dict[str, Any]) -> None:
    """Write what the shards of a folder are made with, or check it."""
    path = folder / STAMP
    if not path.exists():
        if shard_paths(folder):
            raise TriageError(f"The folder {folder} holds shards that were not made as a frozen set.")
        with complete_file(path) as partial:
            partial.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    elif json.loads(path.read_text(encoding="utf-8")) != settings:
        raise TriageError(f"The shards in {folder} were made with other settings. Give an empty folder.")


def check_shards(folder: Path, frozen: FrozenSet) -> None:
    """Raise `TriageError` when a folder holds studies that are not of the set."""
    for path in shard_paths(folder):
        if strange := set(read_seeds(path)) - set(frozen.seeds):
            raise TriageError(f"The shard {path} holds the seed {min(strange)}, which is not of the frozen set.")


def seen_seeds(manifest: Manifest) -> dict[str, range]:
    """Return the seeds a model was fitted and calibrated on, as far as its manifest has the recipe."""
    recipe = json.loads((manifest.folder / FILE_NAME).read_text(encoding="utf-8")).get("recipe") or {}
    parts = {name: recipe[name] for name in ("studies", "calibration") if name in recipe}
    return {name: range(part["first_seed"], part["first_seed"] + part["count"]) for name, part in parts.items()}


def refuse_seen(manifest: Manifest, folder: Path) -> None:
    """Raise `TriageError` when a folder of shards holds studies the model was fitted or calibrated on."""
    ranges = seen_seeds(manifest)
    for path in shard_paths(folder):
        for part, seen in ranges.items():
            if known := [seed for seed in read_seeds(path) if seed in seen]:
                raise TriageError(
                    f"The shard {path} holds the seed {known[0]}, one of the {part} of {manifest.name} "
                    f"{manifest.version} ({seen.start} to {seen.stop - 1}): held-out studies need other seeds."
                )


@dataclass(frozen=True)
class LesionComparison:
    """Generated lesions of a type beside the published ones: volume percentiles in mL, HU mean and deviation."""

    label: Label
    count: int
    volume_ml: tuple[float, ...]
    hu: tuple[float, float]
    published: Published


def compare_lesions(frozen: FrozenSet, volume_ml: np.ndarray, lesion_hu: np.ndarray) -> tuple[LesionComparison, ...]:
    """Return the statistics of generated lesions by type.

    Parameters
    ----------
    volume_ml, lesion_hu
        ``(studies, 6)``, volume in mL and mean HU of each type's blood.
    """
    found = []
    for k, label in enumerate(TYPES):
        there = volume_ml[:, k] > 0
        volumes, hu = volume_ml[there, k], lesion_hu[there, k]
        percentiles = np.percentile(volumes, frozen.percentiles) if there.any() else [np.nan] * len(frozen.percentiles)
        density = (float(hu.mean()), float(hu.std())) if there.any() else (float("nan"), float("nan"))
        measured = tuple(float(value) for value in percentiles)
        found.append(LesionComparison(label, int(there.sum()), measured, density, frozen.published[label]))
    return tuple(found)
