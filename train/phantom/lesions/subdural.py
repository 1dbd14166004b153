"""Subdural hematoma: a crescent that crosses sutures, or a film along falx and tentorium."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion
from triage_node.train.phantom.lesions.subdural_age import Age, blood_of, random_age

MEDIAN_ML, SPREAD = 4.4, 1.4  # 5 % 0.4, 95 % 44 mL
# Chronic ones have grown for weeks before anybody looks: 5 % 11, 95 % 130 mL.
CHRONIC_ML, CHRONIC_SPREAD = 38.0, 0.74
# Square of a crescent's length in a slice over its area there, and the distance of the inner table from the middle.
LENGTH_SQUARED_TO_AREA, SKULL_RADIUS_MM = 11.0, 65.0
THINNEST_MM, THICKEST_MM = 3.0, 28.0
TENTORIUM_SLOPE = 0.45
# Half the greatest thickness of a film along falx or tentorium: thinner ones no reader would tell from the dura.
FILM_MM = (1.5, 3.6)


def tentorium_height(anatomy: Anatomy) -> np.ndarray:
    """Return how far above the tentorium each voxel lies in mm; it falls from the incisura to both sides."""
    return anatomy.space.z + TENTORIUM_SLOPE * np.abs(anatomy.space.x) - 2


def _crescent(anatomy: Anatomy, side: int, volume_ml: float, rng: np.random.Generator) -> np.ndarray:
    """Return the thickness in mm of a crescent over one hemisphere, as thick as its volume asks for."""
    space = anatomy.space
    height_mm = float(np.clip(10.4 * np.log(volume_ml) + 24, 14, 110)) * rng.uniform(0.8, 1.3)
    length_mm = np.sqrt(LENGTH_SQUARED_TO_AREA * 1000 * volume_ml / height_mm) * rng.uniform(0.85, 1.6)
    width = float(np.clip(length_mm / (2 * SKULL_RADIUS_MM), 0.15, 1.3))
    turn, level_mm = rng.uniform(-1.1, 1.1), rng.uniform(-15, 45)
    places = np.flatnonzero((side * space.x > 1) & (np.abs(space.z - level_mm) < height_mm / 2))
    over = space.at(places)
    band = np.clip(1 - ((np.arctan2(over.y, side * over.x) - turn) / width) ** 2, 0, 1)
    along = 1 - ((over.z - level_mm) / (height_mm / 2)) ** 2
    shape = np.zeros(space.z.shape, np.float32)
    shape.ravel()[places] = band**0.6 * along
    thickness_mm = _thickness_for(shape, volume_ml, anatomy)
    peel = thickness_mm * shape + 0.4 * anatomy.coarse * (shape > 0)
    return np.where(peel > 0.7, peel, 0)


def _thickness_for(shape: np.ndarray, volume_ml: float, anatomy: Anatomy) -> float:
    """Return the greatest thickness in mm at which a crescent of this shape holds a volume, by bisection."""
    near = np.flatnonzero((shape > 0) & (anatomy.space.inside_mm > 0) & (anatomy.space.inside_mm < THICKEST_MM))
    profile, depth = shape.ravel()[near], anatomy.space.inside_mm.ravel()[near]
    low, high = THINNEST_MM, THICKEST_MM
    for _ in range(6):
        middle = 0.5 * (low + high)
        if float(np.clip(middle * profile - depth, 0, 1).sum()) * anatomy.grid.voxel_ml < volume_ml:
            low = middle
        else:
            high = middle
    return low


def _hump(position_mm: np.ndarray, middle_mm: float, half_mm: float) -> np.ndarray:
    """Return a share that is 1 in the middle and falls to 0 at half the length on either side."""
    return np.clip(1 - ((position_mm - np.float32(middle_mm)) / np.float32(half_mm)) ** 2, 0, 1)


def _along_falx(anatomy: Anatomy, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a film on one side of the falx: it bulges toward that hemisphere, so that it is no thick falx."""
    half_mm, film = rng.uniform(*FILM_MM), np.zeros(anatomy.space.z.shape, np.float32)
    (y, long_mm), (z, high_mm) = _length(rng, (-60, 70), (25, 60)), _length(rng, (20, 70), (20, 45))
    deepest_mm, wide_mm = rng.uniform(15, 35), 1.6 * half_mm + 1 + 0.5 * float(np.abs(anatomy.coarse).max())
    box = anatomy.space.box((z - high_mm, y - long_mm, -wide_mm), (z + high_mm, y + long_mm, wide_mm))
    if box is not None:
        space = anatomy.space.part(box)
        thick = half_mm * np.sqrt(_hump(space.y, y, long_mm) * _hump(space.z, z, high_mm))
        off = np.abs(side * space.x - np.float32(0.6 * half_mm + 0.5) + np.float32(0.5) * anatomy.coarse[box])
        film[box] = np.clip(thick - off, 0, 1) * (space.inside_mm < deepest_mm)
    return film


def _along_tentorium(anatomy: Anatomy, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a film on one side of the tentorium, mostly above it."""
    half_mm, film = rng.uniform(*FILM_MM), np.zeros(anatomy.space.z.shape, np.float32)
    (y, long_mm), wide_mm = _length(rng, (20, 60), (12, 32)), rng.uniform(22, 55)
    lowest_mm, highest_mm = 2 - TENTORIUM_SLOPE * wide_mm - half_mm, 3 + 1.6 * half_mm
    box = anatomy.space.box((lowest_mm, max(y - long_mm, 5), -wide_mm), (highest_mm, y + long_mm, wide_mm))
    if box is not None:
        part = anatomy.part(box)
        space, above_mm = part.space, tentorium_height(part) - np.float32(0.6 * half_mm + 0.5)
        thick = half_mm * np.sqrt(_hump(space.y, y, long_mm))
        film[box] = np.clip(thick - np.abs(above_mm), 0, 1) * (side * space.x > 3)
        film[box] *= (np.abs(space.x) < wide_mm) & (space.y > 5)
    return film


def _length(
    rng: np.random.Generator, middle_mm: tuple[float, float], half_mm: tuple[float, float]
) -> tuple[float, float]:
    return float(rng.uniform(*middle_mm)), float(rng.uniform(*half_mm))


def _volume_ml(age: Age, rng: np.random.Generator) -> float:
    median_ml, spread = (CHRONIC_ML, CHRONIC_SPREAD) if age.chronic else (MEDIAN_ML, SPREAD)
    return float(np.exp(rng.normal(np.log(median_ml), spread)))


def subdural(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return a subdural hematoma of any age; what lies along falx and tentorium alone is acute."""
    space, side, kind = anatomy.space, int(rng.choice([-1, 1])), rng.random()
    inside, age = space.inside_mm > 0, random_age(rng)
    fraction, peel = np.zeros(space.z.shape, np.float32), None
    if age.chronic or kind < 0.82:
        peel = _crescent(anatomy, side, _volume_ml(age, rng), rng)
        fraction = np.clip(peel - space.inside_mm, 0, 1) * inside
    if kind > 0.72 and not age.chronic:
        film = _along_falx if rng.random() < 0.6 else _along_tentorium
        fraction = np.maximum(fraction, film(anatomy, side, rng) * inside)
    blood = blood_of(Age.ACUTE if peel is None else age, fraction, anatomy, rng)
    return Lesion(
        Label.SUBDURAL,
        fraction.astype(np.float32, copy=False),
        hu=blood.hu,
        mottle=blood.mottle,
        peel_mm=peel,
        profile=blood.profile,
        floor_hu=blood.floor_hu,
    )
