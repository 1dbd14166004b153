"""What an earlier illness has left darker: infarcts, lacunes, leukoaraiosis, old contusions and hygromas."""

import cv2
import numpy as np

from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.solids import Ellipsoid, share_of

# Nearer to the midline than this no artery crosses over.
ONE_SIDE_MM = 3.0
# White matter deeper than this below the bone loses density around the ventricles.
DEEP_MM = 12.0
# Fluid between dura and brain: its HU, and how thick it is at most.
HYGROMA_HU, HYGROMA_MM = (5.0, 15.0), (4.0, 11.0)


def _darken(hu: np.ndarray, part: np.ndarray, level_hu: float) -> np.ndarray:
    """Return HU moved toward a level by a share of each voxel; what is darker stays."""
    return hu - part * np.clip(hu - level_hu, 0, None)


def infarct(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Darken what an artery supplied on one side: faint and soft in the first days, almost fluid later."""
    space = anatomy.space
    voxel = random_voxel((space.inside_mm > 2) & (space.inside_mm < 30) & (np.abs(space.x) > 8), rng)
    if voxel is None:
        return hu
    z, y, x = point(space, voxel)
    size = float(np.exp(rng.uniform(np.log(10), np.log(45))))
    deep, long, wide = (size * rng.uniform(0.6, 1.4) for _ in range(3))
    box = space.box((z - 2 * deep, y - 2 * long, x - 2 * wide), (z + 2 * deep, y + 2 * long, x + 2 * wide))
    if box is None:
        return hu
    near = space.part(box)
    edge = np.sqrt(((near.z - z) / deep) ** 2 + ((near.y - y) / long) ** 2 + ((near.x - x) / wide) ** 2)
    edge += np.float32(0.25) * anatomy.medium[box] + np.float32(0.15) * anatomy.fine[box]
    old = rng.random() < 0.6
    softness = rng.uniform(0.1, 0.4) if old else rng.uniform(0.3, 1.0)
    part = np.clip(0.5 + (1 - edge) / np.float32(softness), 0, 1) * (near.inside_mm > 0)
    part *= np.clip(0.5 + np.sign(x) * near.x / ONE_SIDE_MM, 0, 1)
    level = rng.uniform(8, 22) if old else rng.uniform(18, 28)
    hu[box] = _darken(hu[box], part * np.float32(rng.uniform(0.5, 1.0)), level)
    return hu


def lacunes(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Darken a few small holes in basal ganglia, thalamus and deep white matter."""
    for _ in range(rng.integers(1, 5)):
        middle = (rng.uniform(-4, 30), rng.uniform(-28, 22), rng.choice([-1, 1]) * rng.uniform(8, 30))
        found = share_of(anatomy.space, Ellipsoid(middle, tuple(rng.uniform(1.5, 5, 3))), softness_mm=2.0)
        if found is not None:
            box, part = found
            hu[box] = _darken(hu[box], part, rng.uniform(8, 24))
    return hu


def leukoaraiosis(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Darken the white matter around the ventricles on both sides, in patches or as a whole, as age and pressure do."""
    sigma = rng.uniform(5, 12) / anatomy.grid.mm_per_pixel
    near = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in anatomy.ventricles])
    patchy = np.clip(1 + np.float32(rng.uniform(0, 0.7)) * anatomy.coarse, 0, 1.5)
    deep = np.clip((anatomy.space.inside_mm - DEEP_MM) / 6, 0, 1) * (1 - anatomy.fluid)
    return hu - np.clip(np.float32(rng.uniform(3, 6)) * near, 0, 1) * patchy * deep * np.float32(rng.uniform(2, 9))


def dark_patch(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Darken an old contusion or the edema of something else."""
    voxel = random_voxel(anatomy.space.inside_mm > 2, rng)
    if voxel is None:
        return hu
    distance = anatomy.space.distance(*point(anatomy.space, voxel)) / rng.uniform(6, 35)
    edge = distance + 0.3 * anatomy.medium + 0.2 * anatomy.fine
    return hu - np.clip(1.2 - edge, 0, 1) * rng.uniform(6, 20)


def hygroma(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Lay a crescent of fluid over one or both frontal convexities: no hemorrhage (docs/decisions/0176)."""
    level, first = rng.uniform(*HYGROMA_HU), rng.choice([-1, 1])
    sides, top_mm = (first, -first) if rng.random() < 0.6 else (first,), rng.uniform(35, 65)
    half_mm, turn, width = rng.uniform(25, 45), rng.uniform(-1.1, -0.6), rng.uniform(0.5, 0.9)
    depth = anatomy.space.inside_mm
    places = np.flatnonzero((depth > 0) & (depth < HYGROMA_MM[1] + 1) & (anatomy.space.y < 25))
    space, part = anatomy.space.at(places), np.zeros(len(places), np.float32)
    high = np.clip(1 - ((space.z - top_mm) / half_mm) ** 2, 0, 1)
    uneven = np.float32(0.4) * anatomy.coarse.take(places)
    for side in sides:
        around = np.arctan2(space.y, np.maximum(side * space.x, np.float32(0.1)))
        shape = high * np.clip(1 - ((around - turn) / width) ** 2, 0, 1) * (side * space.x > 2)
        thick = np.float32(rng.uniform(*HYGROMA_MM)) * np.sqrt(shape) + uneven * (shape > 0)
        part = np.maximum(part, np.clip(thick - space.inside_mm, 0, 1))
    hu.ravel()[places] = _darken(hu.take(places), part, level)
    return hu
