"""Dense parts of the brain: choroid plexus, pineal body, vermis."""

import numpy as np

from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.mimics.laying import SIDES, lay, toward
from triage_node.train.phantom.solids import Ellipsoid, share_of

# A voxel's grain is calcified from so many deviations on.
GRAIN_FROM = (1.0, 2.5)


def choroid_plexus(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Lay the glomus of the choroid plexus into each atrium: grainy tissue, speckled with calcium in many."""
    level, radii = rng.uniform(32, 48), (rng.uniform(2.5, 6), rng.uniform(2.5, 7), rng.uniform(1.5, 3.5))
    grains_hu = np.exp(rng.uniform(np.log(60), np.log(300))) if rng.random() < 0.6 else 0.0
    rare = rng.uniform(*GRAIN_FROM)
    for side in SIDES:
        middle = (rng.normal(9, 2), rng.normal(27, 2.5), side * rng.normal(25, 1.5))
        scale = rng.uniform(0.7, 1.15)
        found = share_of(
            anatomy.space, Ellipsoid(middle, (scale * radii[0], scale * radii[1], scale * radii[2])), softness_mm=2.0
        )
        if found is not None:
            box, part = found
            grain = rng.standard_normal(part.shape, np.float32)
            part = part * np.clip(2 * anatomy.ventricles[box], 0, 1) * np.clip(0.75 + 0.35 * anatomy.fine[box], 0, 1)
            hu[box] = toward(hu[box], part, level + rng.normal(0, 3)) + part * (7 * grain + grains_hu * (grain > rare))
    return hu


def pineal(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the pineal body."""
    middle = (rng.normal(3, 1.5), rng.normal(11, 2), rng.normal(0, 0.5))
    radii = (rng.uniform(2, 4.5), rng.uniform(2.5, 5), rng.uniform(2, 4.5))
    lay(hu, anatomy, Ellipsoid(middle, radii), rng.uniform(32, 52))
    return hu


def vermis(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten the vermis: its folia are mostly cortex, and leave a denser patch behind the fourth ventricle."""
    middle = (rng.uniform(-42, -18), rng.uniform(34, 50), rng.normal(0, 1.5))
    body = Ellipsoid(middle, (rng.uniform(6, 18), rng.uniform(5, 14), rng.uniform(4, 10)))
    found = share_of(anatomy.space, body, softness_mm=4.0)
    if found is not None:
        box, part = found
        tissue = np.clip(1 - 2 * anatomy.fluid[box], 0, 1) * (anatomy.space.part(box).inside_mm > 0)
        hu[box] += part * tissue * np.clip(1 + 0.5 * anatomy.fine[box], 0, None) * rng.uniform(2, 9)
    return hu
