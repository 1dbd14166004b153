"""The vault: two tables of bone with diploë between, sutures, fractures, burr holes, and air that came in by them."""

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.solids import Ellipsoid

AIR_HU = -1000.0
# Share of heads with a fracture that is a mere line, and with burr holes; and how many of these there are.
CRACKED, DRILLED = 0.16, 0.08
HOLES = (0.5, 0.3, 0.2)
# Burr holes lie higher than this; fluid, scar and dura fill them and gaps in the bone.
HOLES_FROM_MM, GAP_HU = 5.0, (20.0, 50.0)


def _thickness(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    mean = float(np.exp(rng.uniform(np.log(3.5), np.log(10))))
    return np.maximum(mean + rng.uniform(0, 1.2) * anatomy.coarse, np.float32(2.5))


def crack(space: HeadSpace, medium: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which voxels a suture or a fracture leaves whole: it is a wavy plane through the bone."""
    normal, height = rng.normal(size=3).tolist(), rng.normal(0, 20)
    plane = normal[0] * (space.z - height) + normal[1] * space.y + normal[2] * space.x + 3 * medium
    return np.abs(plane) > rng.uniform(0.4, 1.0) * float(np.linalg.norm(normal))


def burr_holes(space: HeadSpace, bone: HeadSpace, rng: np.random.Generator) -> np.ndarray:
    """Return which voxels of the bone one to three burr holes leave whole, on one convexity or on both.

    Parameters
    ----------
    space, bone
        All voxels, and those of the bone in a row.
    """
    surface = np.flatnonzero((np.abs(space.inside_mm + 3) < 2) & (space.z > HOLES_FROM_MM))
    whole = np.ones(bone.z.shape, bool)
    for place in rng.choice(surface, 1 + int(rng.choice(len(HOLES), p=HOLES))) if len(surface) else ():
        middle = float(space.z.flat[place]), float(space.y.flat[place]), float(space.x.flat[place])
        whole &= bone.distance(*middle) > rng.uniform(2.5, 7)
    return whole


def add_air(hu: np.ndarray, anatomy: Anatomy, middle: Point, rng: np.random.Generator) -> None:
    """Spread a bubble of air under the bone about a place ``(z, y, x)``, in place."""
    radius = rng.uniform(3, 16)
    box = anatomy.space.box(*Ellipsoid(middle, (radius, radius, radius)).corners(0))
    if box is None:
        return
    part = anatomy.part(box)
    across, depth = part.space.distance(*middle) / radius, part.space.inside_mm
    thickness = rng.uniform(2, 9) * np.clip(1 - across**2, 0, 1) + 0.5 * part.fine * (across < 1)
    hu[box] += np.clip(thickness - depth, 0, 1) * (depth > 0) * (AIR_HU - hu[box])


def _bubble(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Let in air: it rises to the front of a lying patient."""
    depth = anatomy.space.inside_mm
    voxel = random_voxel((depth > 0) & (depth < 5) & (anatomy.space.y < 10), rng)
    if voxel is not None:
        add_air(hu, anatomy, point(anatomy.space, voxel), rng)


def add_vault(
    hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator, plain: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return HU with the vault, and the depth below the vault's outer surface in mm (negative outside the bone).

    Parameters
    ----------
    plain
        No fractures, no burr holes and no air below them.
    """
    outward = np.float32(0.3) * anatomy.coarse - anatomy.space.inside_mm
    gap, thickness = rng.uniform(0, 0.8), _thickness(anatomy, rng)
    below = gap + thickness - outward
    places = np.flatnonzero((outward > gap) & (below > 0))
    space, thickness, depth = anatomy.space.at(places), thickness.take(places), below.take(places)
    bone = np.clip((thickness - depth) / 0.9, 0, 1) * np.clip(depth / 0.9, 0, 1)
    middle = 2 - 4 * depth / thickness
    density = rng.uniform(800, 1350) - np.exp(-(middle**2)) * rng.uniform(150, 650)
    if rng.random() < CRACKED and not plain:
        bone *= crack(space, anatomy.medium.take(places), rng)
    if rng.random() < DRILLED and not plain:
        bone *= burr_holes(anatomy.space, space, rng)
    vaulted = hu.astype(np.float32)
    while rng.random() < 0.08 and not plain:
        _bubble(vaulted, anatomy, rng)
    vaulted.ravel()[places] += bone * (density - vaulted.take(places))
    return vaulted, below
