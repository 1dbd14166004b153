"""Skull, face and scalp of an anatomy that has them, made another patient's: bone thicker or thinner, denser or softer.

The head itself is warped already; here a voxel outside the skull looks its HU up nearer to the skull or further away.
"""

import numpy as np

from triage_node.train.phantom.atlas import Map
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel
from triage_node.train.phantom.skull.vault import CRACKED, DRILLED, GAP_HU, burr_holes, crack
from triage_node.train.phantom.surroundings import SKIN_MM, SWELLING_MM

# Bone and scalp end about this far out; further off nothing is stretched more.
STRETCHED_MM = 16.0
# Bone ends and scalp begins about there in the map, which is so thick; in a fifth of the heads it is thicker by more.
SCALP_FROM_MM, SCALP_MM = 7.0, 6.0
THICKER_SHARE, THICKER_MM = (0.8, 1.0), (0.0, 6.0)
# Softer and denser than these is no bone, and no fat.
BONE_HU, FAT_HU = 180.0, (-200.0, -50.0)
AIR_HU, NO_TISSUE_HU = -300.0, -1000.0
# Above the nose there is only air further out than this.
HEAD_MM, FACE_TO_MM = 42.0, -12.0
# The frontal sinus lies in front of the first, and ends between these heights; marrow takes the place of the rest.
FRONTAL_MM, FRONTAL_TO_MM, MARROW_HU = -72.0, (-25.0, 25.0), 450.0


def _outward(vault: Map, space: HeadSpace) -> list[np.ndarray]:
    """Return the unit vector ``(z, y, x)`` away from the skull's inside, at voxels in a row."""
    slopes = [slope.at(space.z, space.y, space.x) for slope in vault.slopes]
    length = np.sqrt(sum(slope**2 for slope in slopes)) + np.float32(1e-3)
    return [-slope / length for slope in slopes]


def _patients_own(hu: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return HU with bone and fat as dense as this patient's."""
    bone = np.float32(rng.uniform(0.75, 1.3)) * (hu - BONE_HU) + BONE_HU
    fat = (hu > FAT_HU[0]) & (hu < FAT_HU[1])
    return np.where(hu > BONE_HU, bone, hu + np.float32(rng.uniform(-12, 18)) * fat)


def _swelling(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray | float:
    """Return by how many mm a hematoma lifts the scalp at each voxel."""
    voxel = random_voxel(np.abs(anatomy.space.inside_mm + 8) < 3, rng) if rng.random() < 0.35 else None
    if voxel is None:
        return 0.0
    distance = anatomy.space.distance(*point(anatomy.space, voxel))
    return np.clip(1.2 - distance / rng.uniform(15, 45), 0, 1) * SWELLING_MM


def _damage(
    found: np.ndarray, space: HeadSpace, places: np.ndarray, anatomy: Anatomy, rng: np.random.Generator
) -> None:
    """Part the bone by a fracture and burr holes in some heads, in place; voxels are those of the places, in a row."""
    whole = np.ones(found.shape, bool)
    if rng.random() < CRACKED:
        whole &= crack(space, anatomy.medium.take(places), rng)
    if rng.random() < DRILLED:
        whole &= burr_holes(anatomy.space, space, rng)
    found[~whole & (found > BONE_HU)] = rng.uniform(*GAP_HU)


def add_mapped_skull(
    hu: np.ndarray, outside: Map, vault: Map, anatomy: Anatomy, rng: np.random.Generator, plain: bool = False
) -> np.ndarray:
    """Return HU with everything outside the skull's inner table.

    Parameters
    ----------
    outside
        HU there, in head space.
    vault
        Distance in mm to the hull of the inside, positive inside.
    plain
        No hematoma of the scalp, no fracture and no burr hole.
    """
    lift = 0.0 if plain else _swelling(anatomy, rng)
    depth = anatomy.space.inside_mm
    air = (depth < -HEAD_MM) & (anatomy.space.z > FACE_TO_MM)
    places = np.flatnonzero((depth < 0.5) & ~air)
    space = anatomy.space.at(places)
    out_mm = np.clip(-space.inside_mm, 0, STRETCHED_MM)
    stretch = np.float32(rng.uniform(0.75, 1.35)) + np.float32(0.08) * anatomy.coarse.take(places)
    raised = lift.take(places) if isinstance(lift, np.ndarray) else np.float32(0)
    thicker = raised + np.float32(np.interp(rng.uniform(), THICKER_SHARE, THICKER_MM))
    above_bone = -space.inside_mm - SCALP_FROM_MM / stretch
    pulled = (stretch - 1) * out_mm - thicker * np.clip(above_bone / (SCALP_MM + thicker), 0, 1)
    z, y, x = (
        axis + pulled * way for axis, way in zip((space.z, space.y, space.x), _outward(vault, space), strict=True)
    )
    found = _patients_own(outside.at(z, y, x), rng)
    found[(found < AIR_HU) & (y < FRONTAL_MM) & (z > rng.uniform(*FRONTAL_TO_MM)) & (out_mm < 12)] = MARROW_HU
    if isinstance(lift, np.ndarray):
        blood = (raised > 2) & (above_bone > 0.5) & (above_bone < raised + SKIN_MM) & (found < BONE_HU)
        found = np.where(blood & (found > AIR_HU), rng.uniform(40, 75), found)
    if not plain:
        _damage(found, space, places, anatomy, rng)
    laid = np.where(air, np.float32(NO_TISSUE_HU), hu)
    share = np.clip(0.5 - space.inside_mm, 0, 1)
    laid.ravel()[places] += share * (found - laid.take(places))
    return laid
