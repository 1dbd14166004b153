"""The dural sinuses along the inner table: as dense as the patient's blood, and different on every side."""

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.mimics.dura import CONFLUENCE, sinus_height
from triage_node.train.phantom.mimics.laying import SIDES, UNEVEN_HU, lay, softness, thick_or_thin, toward
from triage_node.train.phantom.solids import Ellipsoid, Rod, share, share_of

# What beam hardening adds under the bone is no blood: published densities hold it.
HARDENED_HU = 2.0
# How often fat or fluid bulges into a sinus.
GRANULATIONS = 0.2
SIGMOID = (-30.0, 24.0, 53.0), (-52.0, 14.0, 42.0)


def _granulation(hu: np.ndarray, anatomy: Anatomy, place: np.ndarray, rng: np.random.Generator) -> None:
    """Darken a granulation in place, somewhere in a sinus."""
    voxel = random_voxel(place, rng)
    if voxel is None:
        return
    radius = rng.uniform(1.5, 4)
    dot = Ellipsoid(point(anatomy.space, voxel), (radius, radius, radius))
    found = share_of(anatomy.space, dot, softness_mm=1.0)
    if found is not None:
        box, part = found
        hu[box] -= part * np.clip(hu[box] - rng.uniform(10, 20), 0, None) * (anatomy.space.inside_mm[box] > 0)


def sagittal_sinus(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the superior sagittal sinus: a triangle on the inner table that widens to the back."""
    front, back = rng.uniform(1.5, 4), thick_or_thin(rng, (5, 10), (10, 15), 0.4)
    deep, hollow, soft = back * rng.uniform(0.55, 1.1), rng.uniform(0.8, 1.7), softness(rng)
    offset, level = rng.normal(0, 2), blood_hu - HARDENED_HU + rng.normal(0, UNEVEN_HU)
    reach = 0.5 * back + abs(offset) + soft
    box = anatomy.space.box((CONFLUENCE[0], -np.inf, -reach), (np.inf, np.inf, reach))
    if box is not None:
        space = anatomy.space.part(box)
        grown = np.clip((space.y + 80) / 140, 0, 1)
        width, depth = front + (back - front) * grown, np.float32(deep / back) * (front + (back - front) * grown)
        half = 0.5 * width * np.clip(1 - space.inside_mm / depth, 0, 1) ** np.float32(hollow)
        part = share(np.abs(space.x - offset * grown) - half, soft)
        part *= np.clip((depth + 1 - space.inside_mm) / 1.5, 0, 1) * (space.inside_mm > 0) * (space.z > CONFLUENCE[0])
        hu[box] = toward(hu[box], part, level)
        if rng.random() < GRANULATIONS:
            _granulation(hu[box], anatomy.part(box), part > 0.6, rng)
    return hu


def _on_table(space: HeadSpace, middle: tuple[float, float], radii: Point) -> np.ndarray:
    """Return about the distance in mm to a half ellipsoid on the inner table.

    Parameters
    ----------
    middle
        Height and distance from the midline in mm.
    radii
        Up, along the table and inward in mm.
    """
    (z, x), (high, wide, deep) = middle, radii
    squared = ((space.z - z) / high) ** 2 + ((space.x - x) / wide) ** 2 + (space.inside_mm / deep) ** 2
    return (np.sqrt(squared) - 1) * min(radii)


def confluence(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the confluence of the sinuses: in the middle, on one side, or double."""
    kind, side, soft = rng.random(), rng.choice(SIDES), softness(rng)
    if kind < 0.35:
        places = [side * rng.uniform(2, 8)]
    elif kind < 0.55:
        places = [-rng.uniform(3, 8), rng.uniform(3, 8)]
    else:
        places = [rng.normal(0, 1.5)]
    for x in places:
        height, wide = CONFLUENCE[0] + rng.normal(0, 3), 0.5 * thick_or_thin(rng, (5, 11), (11, 18), 0.25)
        high, deep = rng.uniform(3, 8), wide * rng.uniform(0.7, 1.3)
        level = blood_hu - HARDENED_HU + rng.normal(0, UNEVEN_HU)
        box = anatomy.space.box((height - high - 3, 30, x - wide - 3), (height + high + 3, np.inf, x + wide + 3))
        if box is not None:
            space = anatomy.space.part(box)
            part = share(_on_table(space, (height, x), (high, wide, deep)) - 0.5 * anatomy.medium[box], soft)
            hu[box] = toward(hu[box], part * (space.y > 30) * (space.inside_mm > 0), level)
    return hu


def transverse_sinuses(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten transverse and sigmoid sinuses; one side is usually larger, up to a broad band in a slice."""
    larger, smaller = rng.choice(SIDES), rng.uniform(0.2, 1.0)
    size = 0.5 * thick_or_thin(rng, (5, 9), (9, 14), 0.3)
    for side in SIDES:
        scale = 1.0 if side == larger else smaller
        _transverse_sinus(hu, anatomy, side, scale * size, blood_hu, rng)
    return hu


def _transverse_sinus(
    hu: np.ndarray, anatomy: Anatomy, side: int, radius_mm: float, blood_hu: float, rng: np.random.Generator
) -> None:
    high, deep, soft = radius_mm, radius_mm * rng.uniform(0.8, 1.5), softness(rng)
    raised, level = rng.normal(0, 2), blood_hu - HARDENED_HU + rng.normal(0, UNEVEN_HU)
    sides = (-np.inf, 2.0) if side < 0 else (-2.0, np.inf)
    box = anatomy.space.box((-36 - high, 18, sides[0]), (-16 + high, np.inf, sides[1]))
    if box is not None:
        space = anatomy.space.part(box)
        up, along = (space.z - sinus_height(space.y) - raised) / high, space.inside_mm / deep
        part = share((np.sqrt(up**2 + along**2) - 1) * min(high, deep), soft)
        part *= (space.y > 18) & (side * space.x > -2) & (space.inside_mm > 0)
        hu[box] = toward(hu[box], part, level)
        if rng.random() < 0.5 * GRANULATIONS:
            _granulation(hu[box], anatomy.part(box), part > 0.6, rng)
    (z, y, x), (end_z, end_y, end_x) = SIGMOID
    sigmoid = Rod((z, y, side * x), (end_z, end_y, side * end_x), 0.9 * radius_mm, 0.8 * radius_mm)
    lay(hu, anatomy, sigmoid, level, soft)


def cavernous_sinuses(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the cavernous sinuses beside the sella."""
    high, long, wide, soft = rng.uniform(4, 7), rng.uniform(7, 11), rng.uniform(2.5, 4.5), softness(rng)
    for side in SIDES:
        middle = (rng.normal(-28, 2), rng.normal(-19, 2), side * rng.normal(14, 1.2))
        radii = (high * rng.uniform(0.8, 1.2), long, wide * rng.uniform(0.7, 1.2))
        lay(hu, anatomy, Ellipsoid(middle, radii), blood_hu + rng.normal(0, UNEVEN_HU), soft)
    return hu
