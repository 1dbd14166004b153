"""The vault: two tables of bone with diploë between, sutures, fractures, burr holes, and air that came in by them."""

import numpy as np

from triage_node.train.phantom.lesion import Anatomy, point, random_voxel

AIR_HU = -1000.0


def _thickness(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    mean = float(np.exp(rng.uniform(np.log(3.5), np.log(10))))
    return np.clip(mean + rng.uniform(0, 1.2) * anatomy.coarse, 2.5, None)


def _crack(bone: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Open a suture or a fracture: a wavy plane through the bone."""
    space, normal = anatomy.space, rng.normal(size=3)
    plane = normal[0] * (space.z - rng.normal(0, 20)) + normal[1] * space.y + normal[2] * space.x + 3 * anatomy.medium
    return bone * (np.abs(plane) / np.linalg.norm(normal) > rng.uniform(0.4, 1.0))


def _burr_hole(bone: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    voxel = random_voxel(np.abs(anatomy.space.inside_mm + 3) < 2, rng)
    if voxel is None:
        return bone
    return bone * (anatomy.space.distance(*point(anatomy.space, voxel)) > rng.uniform(5, 14))


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
    outward = -anatomy.space.inside_mm + np.float32(0.3) * anatomy.coarse
    gap, thickness = rng.uniform(0, 0.8), _thickness(anatomy, rng)
    bone = np.clip((outward - gap) / 0.9, 0, 1) * np.clip((gap + thickness - outward) / 0.9, 0, 1)
    middle = (outward - gap - thickness / 2) / (thickness / 4)
    density = rng.uniform(800, 1350) - np.exp(-(middle**2)) * rng.uniform(150, 650)
    if rng.random() < 0.25 and not plain:
        bone = _crack(bone, anatomy, rng)
    if rng.random() < 0.1 and not plain:
        bone = _burr_hole(bone, anatomy, rng)
    while rng.random() < 0.08 and not plain:
        hu = _bubble(hu, anatomy, rng)
    return (hu * (1 - bone) + density * bone).astype(np.float32), (gap + thickness - outward).astype(np.float32)
