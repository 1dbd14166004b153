"""Intraventricular hemorrhage: a level in the occipital horns, or a cast."""

import numpy as np

from triage_node.findings import Label
from triage_node.train.phantom.lesion import Anatomy, Lesion

MEAN_HU, DEVIATION_HU = 48.0, 8.0


def intraventricular(anatomy: Anatomy, rng: np.random.Generator) -> Lesion | None:
    """Return blood in the ventricles; lying patients sediment it to the back."""
    space = anatomy.space
    if rng.random() < 0.3:
        filled = np.clip(0.7 + 0.8 * anatomy.coarse + rng.uniform(-0.2, 0.6), 0, 1)
    else:
        filled = np.clip((space.y - rng.uniform(-5, 45)) / 2.5 + 0.5 * anatomy.medium, 0, 1)
    if rng.random() < 0.3:
        filled = filled * (np.sign(space.x) == rng.choice([-1, 1]))
    fraction = np.clip(anatomy.ventricles * 1.4, 0, 1) * filled * (space.inside_mm > 5)
    return Lesion(
        Label.INTRAVENTRICULAR, fraction.astype(np.float32), rng.normal(MEAN_HU, DEVIATION_HU), rng.uniform(0.5, 4)
    )
