"""The vault: two tables of bone with diploë between, sutures, fractures, burr holes, and air that came in by them."""

import numpy as np

from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel

AIR_HU = -1000.0


def _thickness(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    mean = float(np.exp(rng.uniform(np.log(3.5), np.log(10))))
    return np.maximum(mean + rng.uniform(0, 1.2) * anatomy.coarse, np.float32(2.5))


def _crack(space: HeadSpace, medium: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which voxels a suture or a fracture leaves whole: it is a wavy plane through the bone."""
    normal, height = rng.normal(size=3).tolist(), rng.normal(0, 20)
    plane = normal[0] * (space.z - height) + normal[1] * space.y + normal[2] * space.x + 3 * medium
    return np.abs(plane) > rng.uniform(0.4, 1.0) * float(np.linalg.norm(normal))


def _burr_hole(space: HeadSpace, bone: HeadSpace, rng: np.random.Generator) -> np.ndarray | bool:
    """Return which voxels of the bone a burr hole leaves whole."""
    voxel = random_voxel(np.abs(space.inside_mm + 3) < 2, rng)
    return True if voxel is None else bone.distance(*point(space, voxel)) > rng.uniform(5, 14)


def _bubble(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Let in air: it rises to the front of a lying patient and spreads under the bone."""
    depth = anatomy.space.inside_mm
    voxel = random_voxel((depth > 0) & (depth < 5) & (anatomy.space.y < 10), rng)
    if voxel is None:
        return hu
    across = anatomy.space.distance(*point(anatomy.space, voxel)) / rng.uniform(3, 16)
    thickness = rng.uniform(2, 9) * np.clip(1 - across**2, 0, 1) + 0.5 * anatomy.fine * (across < 1)
    return hu + np.clip(thickness - depth, 0, 1) * (depth > 0) * (AIR_HU - hu)


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
    if rng.random() < 0.25 and not plain:
        bone *= _crack(space, anatomy.medium.take(places), rng)
    if rng.random() < 0.1 and not plain:
        bone *= _burr_hole(anatomy.space, space, rng)
    while rng.random() < 0.08 and not plain:
        hu = _bubble(hu, anatomy, rng)
    vaulted = hu.astype(np.float32)
    vaulted.ravel()[places] += bone * (density - vaulted.take(places))
    return vaulted, below
