"""Calcium that most adults have: pineal, choroid plexus, globus pallidus and falx."""

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.lesion import Anatomy, point, random_voxel

# So many deviations from its middle, a bell is nearly 0.
FADED = 3.5
# Middle (z, y, x) in head space, and how often it is calcified: pineal, choroid plexus, globus pallidus.
CALCIUM = (
    ((3.0, 11.0, 0.0), 0.6),
    ((8.0, 27.0, 24.0), 0.5),
    ((8.0, 27.0, -24.0), 0.5),
    ((0.0, -18.0, 18.0), 0.1),
    ((0.0, -18.0, -18.0), 0.1),
)


def calcium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten grains in each of the usual places that is calcified in this patient."""
    for (z, y, x), frequency in CALCIUM:
        if rng.random() < frequency:
            middle = z + rng.normal(0, 2), y + rng.normal(0, 2.5), x + rng.normal(0, 1.5) * (x != 0)
            size = float(np.exp(rng.uniform(np.log(3), np.log(30))))
            _lay_calcium(hu, anatomy, middle, size, float(np.exp(rng.uniform(np.log(15), np.log(500)))))
    return hu


def _lay_calcium(hu: np.ndarray, anatomy: Anatomy, middle: Point, size: float, strength_hu: float) -> None:
    """Brighten grains of calcium about a place, in place."""
    (z, y, x), reach = middle, 1.4 * FADED * size**0.5
    box = anatomy.space.box((z - reach, y - reach, x - reach), (z + reach, y + reach, x + reach))
    if box is not None:
        space = anatomy.space.part(box)
        squared = ((space.z - z) / 1.4) ** 2 + (space.y - y) ** 2 + (space.x - x) ** 2
        hu[box] += np.maximum(1 + 0.5 * anatomy.fine[box], np.float32(0.2)) * np.exp(-squared / size) * strength_hu


def falx_calcium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten a plate of the falx."""
    midline = anatomy.space.box((15, -np.inf, -1.5), (np.inf, np.inf, 1.5))
    if midline is None:
        return hu
    space = anatomy.space.part(midline)
    voxel = random_voxel((np.abs(space.x) < 1.5) & (space.z > 15) & (space.inside_mm > 2), rng)
    if voxel is None:
        return hu
    (z, y, x), size = point(space, voxel), rng.uniform(4, 12)
    reach = FADED * size / 1.4
    box = anatomy.space.box((z - reach, y - reach, x - 4), (z + reach, y + reach, x + 4))
    if box is not None:
        near, thick = anatomy.space.part(box), rng.uniform(0.7, 1.6)
        plate = np.exp(-((near.distance(z, y, x) / size) ** 2) - ((near.x - x) / thick) ** 2)
        hu[box] += plate * (near.inside_mm > 0) * np.exp(rng.uniform(np.log(40), np.log(500)))
    return hu
