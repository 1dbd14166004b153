"""What lies around the skull: scalp and its hematomas, table, head rest."""

import numpy as np

from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.skull.vault import AIR_HU

SKIN_MM = 2.0
# Quantiles of the thickness of the scalp without skin and muscle: in a fifth of the heads it is thick.
SCALP_SHARE, SCALP_MM = (0.0, 0.8, 1.0), (3.0, 8.0, 12.0)
# By how much a hematoma lifts the scalp at most.
SWELLING_MM = 12.0


def _swelling(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray | None:
    """Return by how many mm a hematoma lifts the scalp; None where there is no place for one."""
    voxel = random_voxel(np.abs(anatomy.space.inside_mm + 8) < 3, rng)
    if voxel is None:
        return None
    distance = anatomy.space.distance(*point(anatomy.space, voxel))
    return np.clip(1.2 - distance / rng.uniform(15, 45), 0, 1) * SWELLING_MM


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
    above = -below_bone_mm
    temple_mm, muscle_mm = rng.uniform(3, 12), rng.uniform(0, 1.5)
    scalp_mm = float(np.interp(rng.uniform(), SCALP_SHARE, SCALP_MM))
    lift = _swelling(anatomy, rng) if rng.random() < 0.35 and not plain else None
    fat_hu, blood_hu = rng.uniform(-110, -75), rng.uniform(40, 75)
    highest = temple_mm + muscle_mm + scalp_mm + 0.5 * float(anatomy.coarse.max()) + SWELLING_MM * (lift is not None)
    places = np.flatnonzero((above > 0) & (above < highest))
    muscle = muscle_mm + temple_mm * _temporalis(anatomy.space.at(places))
    top, above_here = scalp_mm + muscle + 0.5 * anatomy.coarse.take(places), above.take(places)
    scalp = np.where(anatomy.fine.take(places) > 1.5, np.float32(20), np.float32(fat_hu))
    scalp[above_here < muscle] = 52
    if lift is not None:
        lift = lift.take(places)
        scalp, top = np.where(lift > 0.5, blood_hu + 4 * anatomy.medium.take(places), scalp), top + lift
    scalp[above_here > top - SKIN_MM] = 30
    covered = np.where(above > 0, np.float32(AIR_HU), hu)
    covered.ravel()[places] = np.where(above_here < top, scalp, AIR_HU)
    return covered


def _temporalis(space: HeadSpace) -> np.ndarray:
    """Return how much of the thickness of the temporal muscle each voxel has above it."""
    return np.exp(-(((space.z - 5) / 28) ** 2) - ((space.y + 22) / 30) ** 2) * (np.abs(space.x) > 35)


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
