"""Bone that juts into the head, or that a slice holds in part: it is as dense as blood there, or denser."""

import numpy as np

from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.mimics.dura import CONFLUENCE
from triage_node.train.phantom.mimics.laying import SIDES
from triage_node.train.phantom.solids import Ellipsoid, Rod, share, share_of

# The crest ends at the foramen magnum.
CREST_TO_MM = -56.0
# How far the surface of the skull's floor is from smooth, in mm a deviation.
ROUGH_MM = 1.5
# Bone shines no further into the head than so many mm.
SHINES_MM = 6.0
# The dorsum sellae: height of its top, its y, and how far its edges are from the midline.
DORSUM = (-24.0, -13.0, 8.0)
# Ends of the petrous ridges ``(z, y, x)`` on the left, just above the bone.
RIDGE = (-31.0, 1.0, 22.0), (-24.0, 15.0, 51.0)


def _dense(rng: np.random.Generator, least_hu: float, most_hu: float) -> float:
    return float(np.exp(rng.uniform(np.log(least_hu), np.log(most_hu))))


def _smear(hu: np.ndarray, anatomy: Anatomy, body: Ellipsoid | Rod, level_hu: float, softness_mm: float) -> None:
    """Brighten in place what bone below it shines into: rough, soft and only inside the skull."""
    box = anatomy.space.box(*body.corners(softness_mm + 2 * ROUGH_MM))
    if box is not None:
        space = anatomy.space.part(box)
        rough = body.distance(space) + np.float32(ROUGH_MM) * anatomy.medium[box]
        part = share(rough, softness_mm) * np.clip(0.8 + 0.3 * anatomy.fine[box], 0, 1)
        part *= np.clip(1.5 - space.inside_mm / SHINES_MM, 0, 1) * (space.inside_mm > 0)
        hu[box] += part * np.maximum(np.float32(level_hu) - hu[box], 0)


def _bone(hu: np.ndarray, anatomy: Anatomy, body: Ellipsoid | Rod, level_hu: float) -> None:
    found = share_of(anatomy.space, body, softness_mm=1.5)
    if found is not None:
        box, part = found
        hu[box] += part * (anatomy.space.inside_mm[box] > -1) * np.maximum(np.float32(level_hu) - hu[box], 0)


def occipital_crest(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Add the inner occipital protuberance, the crest below it and the ridge above: a hump of bone at the midline."""
    top, tall, lower = CONFLUENCE[0] + rng.normal(0, 5), rng.uniform(3, 10), rng.uniform(0.4, 0.9)
    above_mm, base, pointed = rng.uniform(5, 20), rng.uniform(8, 22), rng.uniform(1.2, 2.5)
    offset, slant, density = rng.normal(0, 1.5), rng.normal(0, 0.04), _dense(rng, 150, 900)
    box = anatomy.space.box((CREST_TO_MM, 25, -16), (top + 3 * above_mm, np.inf, 16))
    if box is not None:
        space = anatomy.space.part(box)
        from_top = space.z - np.float32(top)
        low = np.clip((space.z - CREST_TO_MM) / 10, 0, 1) * np.clip(1 + from_top / 12, lower, 1)
        along = np.where(from_top > 0, np.exp(-((from_top / np.float32(above_mm)) ** 2)), low)
        across = np.abs(space.x - offset - slant * from_top) / (0.5 * base)
        height = tall * along * np.clip(1 - across, 0, 1) ** np.float32(pointed)
        part = share(space.inside_mm - height, 1.0) * (space.inside_mm > -2) * (space.y > 25) * (height > 0.3)
        hu[box] += part * (density - hu[box])
    return hu


def dorsum_sellae(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Add the back of the sella with its clinoids: a bar in front of the basilar artery, often cut in part."""
    (z, y, wide), level = DORSUM, _dense(rng, 70, 500)
    z, y, radius = z + rng.normal(0, 2), y + rng.normal(0, 1), rng.uniform(1, 2.2)
    _bone(hu, anatomy, Rod((z, y, -wide), (z, y, wide), radius), level)
    _bone(hu, anatomy, Rod((z - 7, y, 0), (z, y, 0), 2 * radius, 1.5 * radius), level)
    for side in SIDES:
        _bone(hu, anatomy, Rod((z, y, side * wide), (z + 2, y - 3, side * (wide + 1)), rng.uniform(1, 2.2)), level)
    return hu


def clinoids(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Add the anterior clinoids, and in some heads the bone between them, by partial volume."""
    level = _dense(rng, 70, 500)
    for side in SIDES:
        base, tip = (rng.normal(-23, 1.5), -32.0, side * 16.0), (rng.normal(-24, 1.5), -25.0, side * rng.normal(12, 1))
        _bone(hu, anatomy, Rod(base, tip, rng.uniform(1.5, 3), rng.uniform(1, 2)), level * rng.uniform(0.6, 1))
    if rng.random() < 0.4:
        flat = Ellipsoid((rng.uniform(-28, -22), -36.0, 0.0), (2.5, rng.uniform(2, 5), rng.uniform(8, 14)))
        _smear(hu, anatomy, flat, _dense(rng, 60, 140), 2.0)
    return hu


def petrous_ridges(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Smear the petrous ridges where a slice cuts them flat, on both sides or on one."""
    sides = SIDES if rng.random() < 0.6 else (int(rng.choice(SIDES)),)
    level, soft = _dense(rng, 60, 130), rng.uniform(2, 5)
    for side in sides:
        (z, y, x), (end_z, end_y, end_x) = RIDGE
        shift = rng.normal(0, 2, 2)
        start = (z + shift[0], y + shift[1], side * (x + rng.uniform(-4, 14)))
        end = (end_z + shift[0], end_y + shift[1], side * (end_x + rng.uniform(-10, 1)))
        rod = Rod(start, end, rng.uniform(1.5, 4), rng.uniform(2, 5))
        _smear(hu, anatomy, rod, level * rng.uniform(0.8, 1.1), soft)
    return hu


def orbital_roofs(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Smear the orbital roofs into the lowest slices of the frontal lobes, in patches."""
    for _ in range(rng.integers(1, 5)):
        middle = (rng.uniform(-25, -15), rng.uniform(-72, -45), rng.choice(SIDES) * rng.uniform(10, 34))
        radii = (rng.uniform(2, 4.5), rng.uniform(4, 14), rng.uniform(3, 10))
        _smear(hu, anatomy, Ellipsoid(middle, radii), _dense(rng, 50, 120), rng.uniform(2, 5))
    return hu


def jugular_tubercles(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Smear the tubercles beside the medulla."""
    level, radii = _dense(rng, 60, 140), (rng.uniform(2, 4), rng.uniform(3, 6), rng.uniform(2, 4))
    for side in SIDES:
        middle = (rng.normal(-47, 2), rng.normal(9, 2), side * rng.normal(17, 2))
        _smear(hu, anatomy, Ellipsoid(middle, radii), level, rng.uniform(1.5, 4))
    return hu
