"""Intraventricular hemorrhage: a level in the occipital horns, or a cast."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion, level_for_volume

MEAN_HU, DEVIATION_HU = 45.0, 9.0
MEDIAN_ML, SPREAD = 2.6, 1.3  # 5 % 0.2, 95 % 19 mL


def intraventricular(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return blood in the ventricles; lying patients sediment it to the back, a clot fills one end."""
    space = anatomy.space
    room = np.clip(anatomy.ventricles * 1.4, 0, 1) * (space.inside_mm > 5)
    if rng.random() < 0.3:
        room = room * (np.sign(space.x) == rng.choice([-1, 1]))
    # Blood settles like a level with a ragged surface; a cast grows out of one place instead.
    depth = space.y + 1.5 * anatomy.medium if rng.random() < 0.7 else -space.distance(0, rng.uniform(-25, 30), 0)
    volume_ml = np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD))
    level = level_for_volume(depth, room, volume_ml, anatomy.grid)
    if level is None:
        return None
    fraction = room * np.clip((depth - level) / 2 + 0.5, 0, 1)
    return Lesion(
        Label.INTRAVENTRICULAR, fraction.astype(np.float32), rng.normal(MEAN_HU, DEVIATION_HU), rng.uniform(0.5, 4)
    )
