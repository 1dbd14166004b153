"""Intraventricular hemorrhage: a level in the lateral ventricles, a cast of one, or blood in the fourth."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion, level_for_volume, point, random_voxel

MEAN_HU, DEVIATION_HU = 45.0, 9.0
MEDIAN_ML, SPREAD = 2.6, 1.3  # 5 % 0.2, 95 % 19 mL
# The fourth ventricle lies below this and near the midline.
FOURTH_MM, FOURTH_WIDTH_MM = -12.0, 16.0


def _room(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return the share of each voxel that may fill: most blood is in the lateral ventricles, often in one of them."""
    space = anatomy.space
    room = np.clip(anatomy.ventricles * 1.4, 0, 1) * (space.inside_mm > 5)
    if rng.random() < 0.8:
        room = room * ((space.z > FOURTH_MM) | (np.abs(space.x) > FOURTH_WIDTH_MM))
    if rng.random() < 0.4:
        room = room * (np.sign(space.x) == rng.choice([-1, 1]))
    return room


def _sediment(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Return how far down the table each voxel lies in mm: a level on each side, smooth where the blood is fluid."""
    down = np.broadcast_to(anatomy.grid.axes()[1], anatomy.ventricles.shape)
    ragged = rng.uniform(0.1, 1.5) * anatomy.medium
    return down + ragged + np.float32(rng.normal(0, 3)) * np.sign(anatomy.space.x)


def _cast(anatomy: Anatomy, room: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Return the nearness in mm to a place in a ventricle, from which a clot grows along it."""
    voxel = random_voxel(room > 0.5, rng)
    return None if voxel is None else -anatomy.space.distance(*point(anatomy.space, voxel)) + anatomy.medium


def intraventricular(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return blood in the ventricles; lying patients sediment it to the back, a clot fills one part."""
    room = _room(anatomy, rng)
    first = _sediment(anatomy, rng) if rng.random() < 0.65 else _cast(anatomy, room, rng)
    if first is None:
        return None
    level = level_for_volume(first, room, np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD)), anatomy.grid)
    if level is None:
        return None
    fraction = room * np.clip((first - level) / rng.uniform(0.8, 3) + 0.5, 0, 1)
    return Lesion(
        Label.INTRAVENTRICULAR, fraction.astype(np.float32), rng.normal(MEAN_HU, DEVIATION_HU), rng.uniform(0.5, 4)
    )
