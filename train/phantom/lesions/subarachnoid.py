"""Subarachnoid hemorrhage: blood that replaces fluid in cisterns, fissures and sulci around a source."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion, level_for_volume, point, random_voxel

MEAN_HU, DEVIATION_HU = 49.0, 8.0
MEDIAN_ML, SPREAD = 1.3, 0.95  # 5 % 0.27, 95 % 6.2 mL


def _basal(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return the distance in mm from a source in the basal cisterns."""
    return anatomy.space.distance(-rng.uniform(0, 18), rng.uniform(-33, -8), rng.normal(0, 10))


def _convexity(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray | None:
    depth = anatomy.space.inside_mm
    sulcus = (depth > 2) & (depth < 16) & (anatomy.space.z > -30) & (anatomy.fluid > 0.4)
    voxel = random_voxel(sulcus, rng)
    return None if voxel is None else anatomy.space.distance(*point(anatomy.space, voxel))


def subarachnoid(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return subarachnoid blood; traumatic blood lies over the convexity, aneurysmal blood in the cisterns."""
    distance = _basal(anatomy, rng) if rng.random() < 0.45 else _convexity(anatomy, rng)
    if distance is None:
        return None
    nearness = -distance + rng.uniform(2, 8) * anatomy.coarse
    spaces = np.clip(anatomy.fluid * rng.uniform(1.2, 2.0), 0, 1) * (anatomy.ventricles < 0.3)
    spaces = spaces * (anatomy.space.inside_mm > 0.5)
    level = level_for_volume(nearness, spaces, np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD)), anatomy.grid)
    if level is None:
        return None
    fraction = spaces * np.clip((nearness - level) / 6 + 0.5, 0, 1)
    return Lesion(Label.SUBARACHNOID, fraction.astype(np.float32), rng.normal(MEAN_HU, DEVIATION_HU), rng.uniform(1, 4))
