"""The floor of the skull and the face: petrous bones, sphenoid, clivus, orbits and air-filled sinuses.

Positions are those of the MNI152 head, ``(z, y, x)`` in mm from the head's middle, y growing to the back.
"""

import numpy as np

from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.solids import ball, ellipsoid, rod, share

SIDES = (-1, 1)
# Bone may bulge this far into the average brain, not further.
BULGE_MM = 1.0
# Nothing of the face reaches higher, the frontal sinus included.
HIGHEST_MM = 22.0


def _paint(hu: np.ndarray, where: np.ndarray, value: np.ndarray | float) -> np.ndarray:
    return hu + where * (value - hu)


def _outside_brain(anatomy: Anatomy) -> np.ndarray:
    return np.clip((BULGE_MM - anatomy.space.inside_mm) / 1.0, 0, 1)


def _face(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Fill face and neck with muscle and fat."""
    space = anatomy.space
    face = ellipsoid(space, (-78, -48, 0), (66, 58, 62))
    neck = np.maximum(np.sqrt((space.x / 1.1) ** 2 + (space.y - 22) ** 2) - rng.uniform(50, 62), space.z + 45)
    body = share(np.minimum(face, neck), 2) * (space.inside_mm < -2)
    soft = np.where(anatomy.medium + 0.7 * anatomy.fine > rng.uniform(0.2, 0.9), rng.uniform(-110, -70), 52)
    return _paint(hu, body * (hu < -150), soft)


def _orbits(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    wide, high = rng.uniform(29, 34), rng.uniform(-40, -32)
    for side in SIDES:
        middle = (high, -72.0, side * wide)
        hu = _paint(hu, share(ball(anatomy.space, middle, 22)) * _outside_brain(anatomy), 700)
        hu = _paint(hu, share(ball(anatomy.space, middle, 19.5)) * _outside_brain(anatomy), -85)
        hu = _paint(hu, share(rod(anatomy.space, (high, -78, side * wide), (-22, -45, side * 14), 2.5)), 35)
        hu = _paint(hu, share(ball(anatomy.space, (high, -82, side * wide), 11.5)), 9)
        hu = _paint(hu, share(ellipsoid(anatomy.space, (high, -90, side * wide), (4, 2, 4))), 75)
    return hu


def _sinuses(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Blow up the air-filled sinuses; some hold mucus, the ethmoid cells are parted by thin bone."""
    space, outside = anatomy.space, _outside_brain(anatomy)
    cells = np.where(anatomy.fine > 0.7, 350.0, np.where(anatomy.fine < -1.3, 25.0, -900.0))
    ethmoid = ellipsoid(space, (-38, -65, 0), (17, 24, 11))
    hu = _paint(hu, share(ethmoid - 2) * outside, 500)
    hu = _paint(hu, share(ethmoid) * outside, cells)
    frontal = ellipsoid(space, (rng.uniform(-12, 2), -94, 0), (rng.uniform(6, 18), 6, rng.uniform(8, 30)))
    hu = _paint(hu, share(frontal + 2 * anatomy.medium) * (space.inside_mm < -3), -950)
    sphenoid = ellipsoid(space, (-33, -26, rng.normal(0, 3)), (rng.uniform(6, 11), rng.uniform(7, 13), 12))
    hu = _paint(hu, share(sphenoid - 3) * outside, 800)
    hu = _paint(hu, share(sphenoid) * outside, -950 if rng.random() < 0.85 else rng.uniform(5, 60))
    for side in SIDES:
        maxillary = ellipsoid(space, (-66, -60, side * 28), (17, 17, 14))
        hu = _paint(hu, share(maxillary - 2), 600)
        level = space.y > rng.uniform(-70, -35)
        hu = _paint(hu, share(maxillary), np.where(level, rng.uniform(5, 60), -950.0))
    return hu


def _petrous(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Add the petrous bones, the densest of the body, and the mastoid cells behind them."""
    outside, density = _outside_brain(anatomy), rng.uniform(900, 1700)
    for side in SIDES:
        apex, end = (-34, 1 + rng.normal(0, 2), side * 12), (-33 + rng.normal(0, 2), 26, side * 54)
        ridge = rod(anatomy.space, apex, end, rng.uniform(5, 8), rng.uniform(10, 14))
        texture = density - 250 * np.clip(anatomy.fine, -1, 2)
        hu = _paint(hu, share(ridge) * outside, texture)
        mastoid = ellipsoid(anatomy.space, (-42, 32, side * 56), (18, 13, 10))
        cells = np.where(anatomy.fine > rng.uniform(-0.6, 0.4), -850.0, 600.0)
        hu = _paint(hu, share(mastoid) * outside, cells)
        canal = rod(anatomy.space, (-38, 12, side * 50), (-38, 12, side * 80), 3)
        hu = _paint(hu, share(canal) * (anatomy.space.inside_mm < -2), -950)
    return hu


def _sphenoid_and_clivus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    space, outside = anatomy.space, _outside_brain(anatomy)
    bodies = [rod(space, (-15, -3, 0), (-56, 8, 0), 4, 6), rod(space, (-13, -4, -8), (-13, -4, 8), 2.5)]
    for side in SIDES:
        bodies.append(rod(space, (-15, -30, side * 12), (-5, -28, side * 52), rng.uniform(2, 4)))
        bodies.append(rod(space, (-14, -20, side * 9), (-15, -30, side * 14), 2.5))
    for body in bodies:
        hu = _paint(hu, share(body) * outside, rng.uniform(500, 1100))
    return hu


def _canal(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Open the foramen magnum and ring the cord with the first vertebra."""
    space = anatomy.space
    around = np.sqrt(space.x**2 + (space.y - 22) ** 2)
    below = np.clip((-56 - space.z) / 3, 0, 1) * (space.inside_mm < 1)
    ring = share(np.abs(around - 19) - 3.5) * np.clip((-66 - space.z) / 3, 0, 1)
    hu = _paint(hu, ring * below, rng.uniform(500, 900))
    hu = _paint(hu, share(around - 15) * below, 10)
    return _paint(hu, share(around - 6) * below, 32)


def add_skull_base(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return HU with the floor of the skull and the face; slices above them stay as they are."""
    low = np.flatnonzero((anatomy.space.z < HIGHEST_MM).any(axis=(1, 2)))
    if len(low) == 0:
        return hu
    reached = slice(low[0], low[-1] + 1)
    lower, part = anatomy.slices(reached), hu[reached]
    for step in (_face, _sphenoid_and_clivus, _sinuses, _petrous, _orbits, _canal):
        part = step(part, lower, rng).astype(np.float32)
    return np.concatenate([hu[: reached.start], part, hu[reached.stop :]])
