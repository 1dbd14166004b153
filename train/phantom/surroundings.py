"""What lies around the skull: scalp and its hematomas, table, head rest."""

import numpy as np

from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.skull import AIR_HU

SKIN_MM = 2.0


def _swelling(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return by how many mm a hematoma lifts the scalp."""
    voxel = random_voxel(np.abs(anatomy.space.inside_mm + 8) < 3, rng)
    if voxel is None:
        return np.zeros(anatomy.space.z.shape, np.float32)
    distance = anatomy.space.distance(*point(anatomy.space, voxel))
    return np.clip(1.2 - distance / rng.uniform(15, 45), 0, 1) * 12


def add_scalp(
    hu: np.ndarray, below_bone_mm: np.ndarray, anatomy: Anatomy, rng: np.random.Generator, plain: bool = False
) -> np.ndarray:
    """Return HU with scalp on the vault.

    Parameters
    ----------
    below_bone_mm
        Depth below the outer surface of the vault in mm, negative outside the bone.
    plain
        No hematoma of the scalp.
    """
    space, above = anatomy.space, -below_bone_mm
    temporalis = np.exp(-(((space.z - 5) / 28) ** 2) - ((space.y + 22) / 30) ** 2) * (np.abs(space.x) > 35)
    muscle_mm = rng.uniform(3, 12) * temporalis + rng.uniform(0, 1.5)
    thickness = rng.uniform(3, 8) + muscle_mm + np.float32(0.5) * anatomy.coarse
    lift = _swelling(anatomy, rng) if rng.random() < 0.35 and not plain else np.zeros_like(above)
    fat = np.where(anatomy.fine > 1.5, 20.0, rng.uniform(-110, -75))
    scalp = np.where(above < muscle_mm, 52.0, fat)
    scalp = np.where(lift > 0.5, rng.uniform(40, 75) + 4 * anatomy.medium, scalp)
    scalp = np.where(above > thickness + lift - SKIN_MM, 30.0, scalp)
    inside = (above > 0) & (above < thickness + lift)
    return np.where(inside, scalp, np.where(above > 0, AIR_HU, hu)).astype(np.float32)


def add_table(hu: np.ndarray, grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """Return HU with a head rest and a table behind the head, where there was air."""
    _, y, x = grid.axes()
    air = hu < -700
    behind = np.where((hu > -300).any(axis=(0, 2)))[0]
    back_mm = (behind[-1] - (grid.size - 1) / 2) * grid.mm_per_pixel if len(behind) else 90.0
    rest_radius = rng.uniform(105, 130)
    around = np.sqrt(x**2 + (y - back_mm - rng.uniform(1, 6) + rest_radius) ** 2)
    shell = (np.abs(around - rest_radius - 6) < rng.uniform(0.8, 1.6)) & (y > rng.uniform(-20, 40))
    foam = (around > rest_radius) & (around < rest_radius + 6) & (y > 0)
    hu = np.where(air & foam, rng.uniform(-980, -900), hu)
    hu = np.where(air & shell, rng.uniform(-300, 150), hu)
    table = np.abs(np.sqrt(x**2 + (y - back_mm - 30 + 260) ** 2) - 268) < 1.2
    return np.where(air & table, rng.uniform(-500, 0), hu).astype(np.float32)
