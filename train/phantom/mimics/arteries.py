"""The arteries at the base of the brain, and their calcium."""

import numpy as np

from triage_node.train.phantom.atlas import Point
from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.mimics.laying import SIDES, lay, softness
from triage_node.train.phantom.solids import Ellipsoid, Rod, share_of

# Density of flowing blood in an artery; of one that is dense as if clotted, and how often there is one.
LEVEL_HU, DENSE_HU, DENSE = (42.0, 60.0), (60.0, 75.0), 0.05
# How far the density of an artery follows that of the patient's veins.
FOLLOWS = 0.5


def circle_of_willis(hu: np.ndarray, anatomy: Anatomy, blood_hu: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the basilar artery and the first part of the middle cerebral ones, in the cisterns."""
    basilar = (rng.uniform(-44, -38), rng.normal(-6, 1.5), rng.normal(0, 2)), (rng.uniform(-19, -14), -13.0, 0.0)
    paths: list[tuple[tuple[Point, Point], ...]] = [(basilar,)]
    for side in SIDES:
        root, bend = (-16.0, rng.normal(-20, 1.5), side * 8.0), (rng.normal(-14, 1.5), rng.normal(-22, 2), side * 24.0)
        paths.append(((root, bend), (bend, (-9.0, rng.normal(-18, 3), side * 39.0))))
    room = np.clip(2.5 * anatomy.fluid, 0.25, 1) if rng.random() < 0.5 else np.clip(2.5 * anatomy.fluid, 0, 1)
    for path in paths:
        level = rng.uniform(*DENSE_HU) if rng.random() < DENSE else _flowing(blood_hu, rng)
        radius, soft = rng.uniform(0.9, 2.0), softness(rng)
        for start, end in path:
            lay(hu, anatomy, Rod(start, end, radius), level, soft, room)
    return hu


def _flowing(blood_hu: float, rng: np.random.Generator) -> float:
    return FOLLOWS * blood_hu + (1 - FOLLOWS) * rng.uniform(*LEVEL_HU)


def carotid_calcium(hu: np.ndarray, anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Brighten plaques of the carotid arteries beside the sella."""
    for _ in range(rng.integers(1, 6)):
        middle = (rng.normal(-24, 4), rng.normal(-18, 4), rng.choice(SIDES) * rng.normal(12, 2))
        found = share_of(anatomy.space, Ellipsoid(middle, tuple(rng.uniform(0.8, 3, 3))), softness_mm=1.0)
        if found is not None:
            box, part = found
            hu[box] += part * (anatomy.space.inside_mm[box] > 0) * np.exp(rng.uniform(np.log(10), np.log(500)))
    return hu
