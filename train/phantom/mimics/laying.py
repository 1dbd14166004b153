"""How something dense is laid into a head."""

import numpy as np

from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.solids import Ellipsoid, Rod, share_of

SIDES = (-1, 1)
# Deviations of the density between parts of one venous system.
UNEVEN_HU = 2.5


def toward(hu: np.ndarray, part: np.ndarray, level_hu: np.ndarray | float) -> np.ndarray:
    """Return HU moved toward a level by a share of each voxel; what is denser stays."""
    return hu + part * np.maximum(np.float32(level_hu) - hu, 0)


def lay(
    hu: np.ndarray,
    anatomy: Anatomy,
    body: Ellipsoid | Rod,
    level_hu: float,
    softness_mm: float = 2.0,
    room: np.ndarray | None = None,
) -> None:
    """Brighten a body in place, in the voxels inside the skull that it reaches.

    Parameters
    ----------
    softness_mm
        Width of its border.
    room
        Share of each voxel of the head that it may take; all by default.
    """
    found = share_of(anatomy.space, body, softness_mm)
    if found is not None:
        box, part = found
        part = part * (anatomy.space.inside_mm[box] > 0)
        hu[box] = toward(hu[box], part if room is None else part * room[box], level_hu)


def covered(distance_mm: np.ndarray, thick_mm: np.ndarray | float, voxel_mm: float) -> np.ndarray:
    """Return the share of each voxel that a sheet takes: thin ones fill no voxel, and are seen by partial volume.

    Parameters
    ----------
    distance_mm
        From the middle of the sheet to that of the voxel.
    voxel_mm
        Size of the voxel across the sheet.
    """
    overlap = 0.5 * (thick_mm + voxel_mm) - np.abs(distance_mm)
    return np.clip(overlap, 0, np.minimum(thick_mm, voxel_mm)) * np.float32(1 / voxel_mm)


def softness(rng: np.random.Generator) -> float:
    """Return the width in mm of a vessel's border, sharp or soft."""
    return rng.uniform(0.8, 2.5)


def thick_or_thin(
    rng: np.random.Generator, thin: tuple[float, float], thick: tuple[float, float], thick_share: float
) -> float:
    """Return a thickness in mm: that of most people, or that of a few."""
    return rng.uniform(*(thick if rng.random() < thick_share else thin))
