"""Subarachnoid hemorrhage: blood that replaces fluid in cisterns, fissures and sulci around a source."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion, point, random_voxel

MEAN_HU, DEVIATION_HU = 53.0, 7.0


def _basal(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return how near each voxel lies to the basal cisterns."""
    distance = anatomy.space.distance(-rng.uniform(0, 18), rng.uniform(-33, -8), rng.normal(0, 10))
    return np.clip(1.2 - distance / rng.uniform(22, 45), 0, 1)


def _convexity(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray | None:
    depth = anatomy.space.inside_mm
    voxel = random_voxel((depth > 2) & (depth < 12) & (anatomy.space.z > -30), rng)
    if voxel is None:
        return None
    return np.clip(1.3 - anatomy.space.distance(*point(anatomy.space, voxel)) / rng.uniform(10, 40), 0, 1)


def subarachnoid(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return subarachnoid blood; traumatic blood lies over the convexity, aneurysmal blood in the cisterns."""
    near = _basal(anatomy, rng) if rng.random() < 0.45 else _convexity(anatomy, rng)
    if near is None:
        return None
    spread = np.clip(1.5 * near + 0.4 * anatomy.coarse * (near > 0), 0, 1)
    spaces = np.clip(anatomy.fluid * rng.uniform(1.0, 1.8), 0, 1) * (anatomy.ventricles < 0.3)
    fraction = spaces * spread * (anatomy.space.inside_mm > 0.5)
    return Lesion(Label.SUBARACHNOID, fraction.astype(np.float32), rng.normal(MEAN_HU, DEVIATION_HU), rng.uniform(1, 4))
