"""Falx and tentorium: thin sheets that are seen by partial volume, thick and dense in older heads."""

import numpy as np

from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import HeadSpace
from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.mimics.laying import covered, thick_or_thin

# Along the midline the tentorium rises from the confluence, ``(z, y)``, to its apex; there the incisura begins.
APEX, CONFLUENCE = (10.0, 33.0), (-21.0, 70.0)
# To the front of the apex its free edge sinks by this many mm a mm.
EDGE_SLOPE = 0.35
# It ends this far from the midline, at the transverse sinuses, whose height falls from the back to the sides.
WIDE_MM, SIDE_MM = 53.0, -28.0
# Near the apex it hangs like a tent, steep at the midline; from here to the back its sides are straight.
TENT_TO_MM = 62.0
# Half the width of the incisura, and the way over which it opens.
INCISURA_MM, OPENS_MM = 17.0, 22.0
# Lower edge of the falx: y and z from the crista galli over the corpus callosum to the confluence.
FALX_Y = (-90.0, -75.0, -60.0, -45.0, 0.0, 20.0, APEX[1], CONFLUENCE[1])
FALX_Z = (-30.0, -14.0, 6.0, 24.0, 36.0, 30.0, APEX[0] + 2, CONFLUENCE[0])
# Where the falx is thinner than at the back: in front of this it loses so much a mm.
THINNER_FROM_MM, THINNER = 60.0, 0.006


def ridge_height(y: np.ndarray) -> np.ndarray:
    """Return the height in mm of the tentorium in the midline, where the straight sinus runs."""
    slope = (CONFLUENCE[0] - APEX[0]) / (CONFLUENCE[1] - APEX[1])
    behind = y - np.float32(APEX[1])
    return APEX[0] + np.where(behind > 0, np.float32(slope), np.float32(EDGE_SLOPE)) * behind


def sinus_height(y: np.ndarray) -> np.ndarray:
    """Return the height in mm of the transverse sinuses, where the tentorium meets the inner table."""
    fall = np.clip((CONFLUENCE[1] - y) / (CONFLUENCE[1] - APEX[1]), 0, 1.4)
    return CONFLUENCE[0] + np.float32(SIDE_MM - CONFLUENCE[0]) * fall


def above_tentorium(space: HeadSpace) -> np.ndarray:
    """Return how far above the tentorium each voxel lies in mm.

    Source: both anatomies, where cerebellum and occipital lobes part.
    """
    ridge, lateral = ridge_height(space.y), np.minimum(np.abs(space.x) / WIDE_MM, 1)
    tent = np.clip((TENT_TO_MM - space.y) / (TENT_TO_MM - APEX[1]), 0, 1)
    lateral += tent * (np.sqrt(lateral) - lateral)
    ridge += (np.minimum(sinus_height(space.y), ridge) - ridge) * lateral
    return space.z - ridge


def falx(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the falx, thicker toward the back."""
    thick = thick_or_thin(rng, (0.7, 2.0), (2.0, 4.0), 0.25)
    offset, slant, raised = rng.normal(0, 0.7), rng.normal(0, 0.01), rng.uniform(-2, 10)
    level, waves, patches = blood_hu + rng.uniform(-6, 8), rng.uniform(0, 0.7), rng.uniform(0, 0.4)
    wide = 0.5 * thick + 3 + abs(offset) + 4 * waves
    box = anatomy.space.box((-32, -np.inf, -wide), (np.inf, np.inf, wide))
    if box is not None:
        space = anatomy.space.part(box)
        across = space.x - offset - slant * space.y + waves * anatomy.coarse[box]
        thickness = thick * np.clip(1 - THINNER * (THINNER_FROM_MM - space.y), 0.3, 1)
        lower = np.interp(space.y, FALX_Y, FALX_Z).astype(np.float32) + raised * (space.y < APEX[1])
        reach = np.clip((space.z - lower) / 4, 0, 1) * (space.inside_mm > 0)
        reach *= np.clip(0.9 + np.float32(patches) * anatomy.medium[box], 0.2, 1)
        sheet = covered(across, thickness, anatomy.grid.mm_per_pixel)
        hu[box] += sheet * reach * (level - hu[box])
    return hu


def tentorium(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the tentorium: slanted bands that meet in a V or Y at its apex, unequal on the two sides."""
    thick = thick_or_thin(rng, (0.4, 1.3), (1.3, 3.2), 0.35)
    other, apex_mm, apex_wide = rng.uniform(0.5, 1.2), rng.uniform(0, 2.5), rng.uniform(3, 10)
    raised, waves, level = rng.normal(0, 1.2), rng.uniform(0.3, 1.2), blood_hu + rng.uniform(-5, 8)
    box = anatomy.space.box((SIDE_MM - 6, -2, -WIDE_MM), (APEX[0] + 6, np.inf, WIDE_MM))
    if box is None:
        return hu
    space = anatomy.space.part(box)
    side = np.where(space.x > 0, np.float32(1), np.float32(other))
    apex = apex_mm * np.exp(-((space.x / np.float32(apex_wide)) ** 2)) * (space.y > APEX[1] - 6)
    height = above_tentorium(space) - raised + waves * anatomy.coarse[box]
    sheet = covered(height, 1.25 * thick * side + apex, _tall(anatomy.grid))
    opening = INCISURA_MM * np.sqrt(np.clip((APEX[1] - space.y) / OPENS_MM, 0, 1))
    reach = np.clip(np.abs(space.x) - opening, 0, 1) * (np.abs(space.x) < WIDE_MM) * (space.inside_mm > 0)
    reach *= space.y > -2 + 0.55 * np.clip(np.abs(space.x) - 20, 0, None)
    patchy = np.clip(0.9 + np.float32(0.25) * anatomy.medium[box], 0, 1)
    hu[box] += sheet * reach * patchy * (level - hu[box])
    return hu


def _tall(grid: Grid) -> float:
    """Return how high a voxel is in mm; a turned head adds its width to that."""
    return grid.slice_mm + 0.3 * grid.mm_per_pixel
