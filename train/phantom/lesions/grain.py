"""Grain of blood outside the brain: nearly the same all through, or with a swirl, a level, fresh parts or membranes.

A texture returns HU to add at flat indices of voxels.
"""

from collections.abc import Callable

import numpy as np

from triage_node.train.phantom.lesion import Anatomy

Texture = Callable[[Anatomy, np.ndarray, np.random.Generator], np.ndarray]

# Most clots outside the brain are nearly homogeneous: deviation in HU of the one and of the others.
EVEN_HU, GRAINY_HU, EVEN = (0.0, 1.5), (1.5, 4.0), 0.8
# How often blood that still flows darkens a part of the clot.
SWIRLS = 0.12


def even_mottle(rng: np.random.Generator) -> float:
    """Return the deviation in HU of the texture of a clot outside the brain."""
    return float(rng.uniform(*(EVEN_HU if rng.random() < EVEN else GRAINY_HU)))


def profile(texture: Texture, fraction: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return HU added to each voxel of a lesion, ``(slices, rows, columns) float32``."""
    places, added = np.flatnonzero(fraction), np.zeros(fraction.shape, np.float32)
    if len(places):
        added.ravel()[places] = texture(anatomy, places, rng)
    return added


def swirl(anatomy: Anatomy, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darken an irregular part: blood that has not clotted yet."""
    field = 0.8 * anatomy.coarse.take(places) + 0.6 * anatomy.medium.take(places)
    part = np.clip((field - np.quantile(field, rng.uniform(0.5, 0.85))) / 0.3, 0, 1)
    return -rng.uniform(8, 20) * part


def older_part(anatomy: Anatomy, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darken one part, with a soft border: mixed ages."""
    return -rng.uniform(8, 22) * np.clip(anatomy.coarse.take(places) + rng.uniform(-0.3, 0.5), 0, 1)


def settled(anatomy: Anatomy, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brighten the half that lies down the table, with a level between: cells settle in a patient on his back."""
    down = np.broadcast_to(anatomy.grid.axes()[1], anatomy.space.y.shape).take(places)
    level_mm, ramp_mm = np.quantile(down, rng.uniform(0.35, 0.65)), rng.uniform(1, 5)
    return rng.uniform(20, 35) * np.clip((down - level_mm) / ramp_mm + 0.5, 0, 1)


def fresh_parts(anatomy: Anatomy, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brighten irregular parts: it has bled again, and the blood has clotted where it came."""
    field = 0.8 * anatomy.coarse.take(places) + 0.6 * anatomy.medium.take(places)
    part = np.clip((field - np.quantile(field, rng.uniform(0.4, 0.75))) / rng.uniform(0.2, 0.8), 0, 1)
    return np.maximum(rng.uniform(20, 38) * part, 0.7 * septa(anatomy, places, rng))


def septa(anatomy: Anatomy, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brighten thin membranes across, and a little of what lies in some of the chambers between them."""
    field = anatomy.medium.take(places)
    wall = np.clip(1 - np.abs(field) / rng.uniform(0.12, 0.3), 0, 1)
    chambers = np.clip(2 * anatomy.coarse.take(places), 0, 1) * (field > 0)
    return np.maximum(rng.uniform(15, 30) * wall, rng.uniform(0, 20) * chambers)
