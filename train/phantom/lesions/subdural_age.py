"""Ages of subdural blood: how dense it is, and how it looks inside."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.lesions.grain import (
    SWIRLS,
    Texture,
    even_mottle,
    fresh_parts,
    older_part,
    profile,
    septa,
    settled,
    swirl,
)

MEAN_HU, DEVIATION_HU = 60.0, 8.0
SUBACUTE_HU, CHRONIC_HU = (40.0, 55.0), (15.0, 30.0)
# Darker in the mean than this, a collection is fluid and no hemorrhage (docs/decisions/0176).
DARKEST_MEAN_HU = 25.0
# No fluid is darker than this before the shading.
FLUID_HU = 0.0


class Age(StrEnum):
    """How old a subdural hematoma is."""

    ACUTE = "acute"
    SUBACUTE = "subacute"
    BLED_AGAIN = "bled again"
    SEPTATED = "septated"
    MIXED = "mixed"

    @property
    def chronic(self) -> bool:
        """Return whether most of it is old and dark."""
        return self in (Age.BLED_AGAIN, Age.SEPTATED)


SHARES = {Age.ACUTE: 0.60, Age.SUBACUTE: 0.12, Age.BLED_AGAIN: 0.15, Age.SEPTATED: 0.05, Age.MIXED: 0.08}


def random_age(rng: np.random.Generator) -> Age:
    """Return an age as often as it comes up."""
    return list(SHARES)[rng.choice(len(SHARES), p=list(SHARES.values()))]


@dataclass(frozen=True)
class Blood:
    """Density of blood of an age: see the attributes of `Lesion` with the same names."""

    hu: float
    mottle: float
    profile: np.ndarray | None = None
    floor_hu: float | None = None


def blood_of(age: Age, fraction: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> Blood:
    """Return what blood of an age looks like in a lesion of this shape."""
    texture, mottle = _texture(age, rng), even_mottle(rng)
    added = None if texture is None else profile(texture, fraction, anatomy, rng)
    if age.chronic:
        hu = float(rng.uniform(*CHRONIC_HU))
        return Blood(hu + _missing_hu(hu, added, fraction), mottle, added, FLUID_HU)
    if age is Age.SUBACUTE:
        return Blood(float(rng.uniform(*SUBACUTE_HU)), mottle, added)
    return Blood(float(rng.normal(MEAN_HU, DEVIATION_HU)), mottle, added)


def _texture(age: Age, rng: np.random.Generator) -> Texture | None:
    match age:
        case Age.BLED_AGAIN:
            return settled if rng.random() < 0.5 else fresh_parts
        case Age.SEPTATED:
            return septa
        case Age.MIXED:
            return older_part
        case Age.ACUTE if rng.random() < SWIRLS:
            return swirl
    return None


def _missing_hu(hu: float, added: np.ndarray | None, fraction: np.ndarray) -> float:
    """Return what the mean lacks to be that of a hemorrhage."""
    places = np.flatnonzero(fraction)
    if added is None or not len(places):
        return max(DARKEST_MEAN_HU - hu, 0.0)
    return max(DARKEST_MEAN_HU - hu - float(np.average(added.take(places), weights=fraction.take(places))), 0.0)
