"""The vault: two tables of bone with diploë between, sutures, fractures and burr holes."""

import numpy as np

from triage_node.train.phantom.lesion import Anatomy, point, random_voxel


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


def add_vault(
    hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator, plain: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return HU with the vault, and the depth below the vault's outer surface in mm (negative outside the bone).

    Parameters
    ----------
    plain
        No fractures and no burr holes.
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
    return (hu * (1 - bone) + density * bone).astype(np.float32), (gap + thickness - outward).astype(np.float32)
