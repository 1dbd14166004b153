"""The floor of the skull and the face: petrous bones, sphenoid, clivus, orbits and air-filled sinuses.

Positions are those of the MNI152 head, ``(z, y, x)`` in mm from the head's middle, y growing to the back.
"""

from collections.abc import Callable

import numpy as np

from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.solids import Ellipsoid, Rod, ellipsoid, share

Cover = Callable[[HeadSpace], np.ndarray]

SIDES = (-1, 1)
# Bone may bulge this far into the average brain, not further.
BULGE_MM = 1.0
# Nothing of the face reaches higher, the frontal sinus included.
HIGHEST_MM = 22.0
# Muscle and fat of the face end here.
FACE_TO_MM = -10.0
# How often a side has soft tissue enclosed by bone that preprocessing may take for brain.
POCKETS = 0.35


def _paint(hu: np.ndarray, where: np.ndarray, value: np.ndarray | float) -> None:
    hu += where * (value - hu)


def _fill(
    hu: np.ndarray,
    space: HeadSpace,
    body: Ellipsoid | Rod,
    value: np.ndarray | float,
    cover: Cover | None = None,
    grown_mm: float = 0.0,
) -> None:
    """Fill a body in place, in the voxels it reaches.

    Parameters
    ----------
    value
        HU, one for all or one a voxel of the whole space.
    cover
        Returns the share of each voxel that may be filled; all by default.
    grown_mm
        By how much the surface is moved outward.
    """
    box = space.box(*body.corners(grown_mm + 1))
    if box is None:
        return
    part = space.part(box)
    where = share(body.distance(part) - grown_mm)
    _paint(
        hu[box], where if cover is None else where * cover(part), value[box] if isinstance(value, np.ndarray) else value
    )


def _ball(middle: tuple[float, float, float], radius_mm: float) -> Ellipsoid:
    return Ellipsoid(middle, (radius_mm, radius_mm, radius_mm))


def _outside_brain(space: HeadSpace) -> np.ndarray:
    return np.clip((BULGE_MM - space.inside_mm) / 1.0, 0, 1)


def _outside_skull(space: HeadSpace) -> np.ndarray:
    return space.inside_mm < -2


def _face(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Fill face and neck with muscle and fat."""
    neck_mm, fat_above, fat_hu = rng.uniform(50, 62), rng.uniform(0.2, 0.9), rng.uniform(-110, -70)
    box = anatomy.space.box((-np.inf, -np.inf, -np.inf), (FACE_TO_MM, np.inf, np.inf))
    if box is None:
        return
    space = anatomy.space.part(box)
    face = ellipsoid(space, (-78, -48, 0), (66, 58, 62))
    neck = np.maximum(np.sqrt((space.x / 1.1) ** 2 + (space.y - 22) ** 2) - neck_mm, space.z + 45)
    body = share(np.minimum(face, neck), 2) * _outside_skull(space) * (hu[box] < -150)
    fat = anatomy.medium[box] + 0.7 * anatomy.fine[box] > fat_above
    _paint(hu[box], body, np.where(fat, np.float32(fat_hu), np.float32(52)))


def _orbits(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    space = anatomy.space
    wide, high = rng.uniform(29, 34), rng.uniform(-40, -32)
    for side in SIDES:
        middle = (high, -72.0, side * wide)
        _fill(hu, space, _ball(middle, 22), 700, _outside_brain)
        _fill(hu, space, _ball(middle, 19.5), -85, _outside_brain)
        _fill(hu, space, Rod((high, -78, side * wide), (-22, -45, side * 14), 2.5), 35)
        _fill(hu, space, _ball((high, -82, side * wide), 11.5), 9)
        _fill(hu, space, Ellipsoid((high, -90, side * wide), (4, 2, 4)), 75)


def _sinuses(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Blow up the air-filled sinuses; some hold mucus, the ethmoid cells are parted by thin bone."""
    space = anatomy.space
    cells = np.select([anatomy.fine > 0.7, anatomy.fine < -1.3], [np.float32(350), np.float32(25)], np.float32(-900))
    ethmoid = Ellipsoid((-38, -65, 0), (17, 24, 11))
    _fill(hu, space, ethmoid, 500, _outside_brain, grown_mm=2)
    _fill(hu, space, ethmoid, cells, _outside_brain)
    _frontal_sinus(hu, anatomy, rng)
    sphenoid = Ellipsoid((-33, -26, rng.normal(0, 3)), (rng.uniform(6, 11), rng.uniform(7, 13), 12))
    _fill(hu, space, sphenoid, 800, _outside_brain, grown_mm=3)
    _fill(hu, space, sphenoid, -950 if rng.random() < 0.85 else rng.uniform(5, 60), _outside_brain)
    for side in SIDES:
        maxillary = Ellipsoid((-66, -60, side * 28), (17, 17, 14))
        _fill(hu, space, maxillary, 600, grown_mm=2)
        level = space.y > rng.uniform(-70, -35)
        _fill(hu, space, maxillary, np.where(level, np.float32(rng.uniform(5, 60)), np.float32(-950)))


def _frontal_sinus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    frontal = Ellipsoid((rng.uniform(-12, 2), -94, 0), (rng.uniform(6, 18), 6, rng.uniform(8, 30)))
    # Noise of five deviations still lies in the box.
    box = anatomy.space.box(*frontal.corners(11))
    if box is not None:
        space = anatomy.space.part(box)
        _paint(hu[box], share(frontal.distance(space) + 2 * anatomy.medium[box]) * (space.inside_mm < -3), -950)


def _petrous(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Add the petrous bones, the densest of the body, and the mastoid cells behind them."""
    space, density = anatomy.space, rng.uniform(900, 1700)
    texture = density - 250 * np.clip(anatomy.fine, -1, 2)
    for side in SIDES:
        apex, end = (-34, 1 + rng.normal(0, 2), side * 12), (-33 + rng.normal(0, 2), 26, side * 54)
        _fill(hu, space, Rod(apex, end, rng.uniform(5, 8), rng.uniform(10, 14)), texture, _outside_brain)
        cells = np.where(anatomy.fine > rng.uniform(-0.6, 0.4), np.float32(-850), np.float32(600))
        _fill(hu, space, Ellipsoid((-42, 32, side * 56), (18, 13, 10)), cells, _outside_brain)
        _fill(hu, space, Rod((-38, 12, side * 50), (-38, 12, side * 80), 3), -950, _outside_skull)


def _sphenoid_and_clivus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    bodies = [Rod((-25, -7, 0), (-56, 8, 0), 4, 6), Rod((-23, -8, -8), (-23, -8, 8), 2.5)]
    for side in SIDES:
        bodies.append(Rod((-15, -30, side * 12), (-5, -28, side * 52), rng.uniform(2, 4)))
        bodies.append(Rod((-20, -20, side * 11), (-17, -31, side * 15), 2.5))
    for body in bodies:
        _fill(hu, anatomy.space, body, rng.uniform(500, 1100), _outside_brain)


def _pockets(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Add soft tissue that bone encloses beside orbits and sinuses: muscle, mucus, marrow; it is taken for brain."""
    for side in SIDES:
        if rng.random() < POCKETS:
            middle = (rng.uniform(-45, -15), rng.uniform(-88, -40), side * rng.uniform(12, 52))
            pocket = Ellipsoid(middle, (rng.uniform(5, 14), rng.uniform(5, 14), rng.uniform(5, 14)))
            _fill(hu, anatomy.space, pocket, rng.uniform(400, 900), _outside_brain, grown_mm=rng.uniform(1.5, 4))
            _fill(hu, anatomy.space, pocket, rng.uniform(20, 75) + rng.uniform(0, 25) * anatomy.fine, _outside_brain)


def _canal(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Open the foramen magnum and ring the cord with the first vertebra."""
    density = rng.uniform(500, 900)
    box = anatomy.space.box((-np.inf, -2, -24), (-56, 46, 24))
    if box is None:
        return
    space, part = anatomy.space.part(box), hu[box]
    around = np.sqrt(space.x**2 + (space.y - 22) ** 2)
    below = np.clip((-56 - space.z) / 3, 0, 1) * (space.inside_mm < 1)
    ring = share(np.abs(around - 19) - 3.5) * np.clip((-66 - space.z) / 3, 0, 1)
    _paint(part, ring * below, density)
    _paint(part, share(around - 15) * below, 10)
    _paint(part, share(around - 6) * below, 32)


def add_skull_base(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return HU with the floor of the skull and the face; slices above them stay as they are."""
    low = np.flatnonzero((anatomy.space.z < HIGHEST_MM).any(axis=(1, 2)))
    if len(low) == 0:
        return hu
    reached = slice(low[0], low[-1] + 1)
    whole = np.array(hu, np.float32)
    lower, part = anatomy.slices(reached), whole[reached]
    for step in (_face, _sphenoid_and_clivus, _sinuses, _petrous, _orbits, _pockets, _canal):
        step(part, lower, rng)
    return whole
