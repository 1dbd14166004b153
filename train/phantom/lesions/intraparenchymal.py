"""Intraparenchymal hemorrhage: clots in the deep nuclei, lobar clots, and contusions under the cortex."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Ball, Lesion, point, random_voxel

MEAN_HU, DEVIATION_HU = 49.0, 8.5
MEDIAN_ML, SPREAD = 5.5, 1.25
SMALLEST_ML, LARGEST_ML = 0.2, 80.0
AXES = (1.0, 0.8, 0.6)


def _clot(anatomy: Anatomy, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Ball] | None:
    """Return fraction and edema of one clot: an ellipsoid whose surface noise has deformed."""
    space = anatomy.space
    cortical = rng.random() < 0.5
    where = (space.inside_mm > 3) & (space.inside_mm < 16) if cortical else space.inside_mm > 10
    voxel = random_voxel(where, rng)
    if voxel is None:
        return None
    volume_ml = np.clip(np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD)), SMALLEST_ML, LARGEST_ML)
    radius_mm = float(np.cbrt(0.75 * volume_ml * 1000 / np.pi))
    axes = radius_mm * rng.permutation(AXES) / np.cbrt(np.prod(AXES))
    z, y, x = point(space, voxel)
    angle = rng.uniform(0, np.pi)
    along = np.cos(angle) * (space.y - y) + np.sin(angle) * (space.x - x)
    across = np.cos(angle) * (space.x - x) - np.sin(angle) * (space.y - y)
    radial = np.sqrt(((space.z - z) / axes[0]) ** 2 + (along / axes[1]) ** 2 + (across / axes[2]) ** 2)
    radial = radial + np.float32(rng.uniform(0.05, 0.3)) * anatomy.fine + np.float32(0.1) * anatomy.medium
    fraction = np.clip((1.05 - radial) * radius_mm / 1.5, 0, 1) * (space.inside_mm > 0.5)
    if cortical and rng.random() < 0.5:
        fraction = fraction * np.clip(0.6 + 0.6 * anatomy.medium, 0, 1)
    halo = np.clip(1 - np.abs(radial - 1.1) / rng.uniform(0.1, 0.7), 0, 1) * (radial > 1) * (space.inside_mm > 0)
    return fraction, halo, Ball((z, y, x), radius_mm)


def intraparenchymal(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return one to three clots with their edema."""
    count = 1 + int(rng.random() < 0.35) + int(rng.random() < 0.15)
    clots = [clot for clot in (_clot(anatomy, rng) for _ in range(count)) if clot is not None]
    if not clots:
        return None
    fractions, halos, balls = zip(*clots, strict=True)
    return Lesion(
        Label.INTRAPARENCHYMAL,
        np.maximum.reduce(fractions).astype(np.float32),
        hu=rng.normal(MEAN_HU, DEVIATION_HU),
        mottle=rng.uniform(1, 6),
        edema=np.maximum.reduce(halos) * np.float32(rng.uniform(0.2, 1)),
        balls=balls,
    )
